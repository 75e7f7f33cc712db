//! The right to change an application's objects, which is a mark in its inventory.

use std::hash::{BuildHasher, RandomState};
use std::time::{Duration, Instant};

use tokio::sync::Mutex;

use super::{Entries, Inventory, InventoryError, Operation, Place, version};
use crate::cluster::client::{Cluster, WriteOptions};
use crate::cluster::error::ApiError;
use crate::cluster::progress::{Progress, SyncEvent};
use crate::cluster::request::SyncRequest;
use crate::cluster::wait::{Verdict, Waited};

/// How often the lease is tried to be given back.
const ATTEMPTS: usize = 3;

/// The right to change an application's objects, for as long as it is renewed.
pub(in crate::cluster) struct Lease<'a> {
    cluster: &'a Cluster,
    place: Place<'a>,
    source: String,
    held: Mutex<Held>,
    lease: Duration,
}

struct Held {
    entries: Entries,
    operation: Operation,
    version: String,
}

impl<'a> Lease<'a> {
    /// Takes the right to change the application's objects, and writes down `entries` as what there may be. `inventory` is
    /// what the caller's plan was made from: if it has changed meanwhile, another sync was faster.
    ///
    /// # Errors
    ///
    /// [`InventoryError::Concurrent`] when another sync is at work, and others.
    pub(in crate::cluster) async fn take(
        cluster: &'a Cluster,
        place: Place<'a>,
        request: &SyncRequest<'_>,
        inventory: &Inventory,
        entries: Entries,
    ) -> Result<Self, InventoryError> {
        let operation = Operation {
            holder: request.holder.clone(),
            token: token(),
            renewals: 0,
            lease: u64::try_from(request.timeouts.lease.as_millis()).unwrap_or(u64::MAX),
        };
        let lease = Self {
            cluster,
            source: request.source.as_str().to_owned(),
            held: Mutex::new(Held {
                entries,
                operation,
                version: inventory.version.clone().unwrap_or_default(),
            }),
            lease: request.timeouts.lease,
            place,
        };
        {
            let mut held = lease.held.lock().await;
            let object = lease.place.encode(
                &lease.source,
                &held.entries,
                Some(&held.operation),
                inventory.version.as_deref(),
            );
            let address = lease.place.address();
            let written = if inventory.exists() {
                cluster
                    .replace(address, &object, WriteOptions::default())
                    .await
            } else {
                cluster
                    .create(address, &object, WriteOptions::default())
                    .await
            };
            held.version = match written {
                Ok(written) => version(&written.object),
                Err(
                    ApiError::Conflict
                    | ApiError::AlreadyExists
                    | ApiError::NotFound
                    | ApiError::Precondition,
                ) => lease.ours(&held.operation).await?,
                Err(ApiError::NamespaceNotFound { namespace }) => {
                    return Err(InventoryError::NamespaceMissing { namespace });
                }
                Err(error) => return Err(InventoryError::Write(error)),
            };
        }
        Ok(lease)
    }

    /// Renews the mark for ever, and returns when that is not possible any more.
    pub(in crate::cluster) async fn keep(&self) -> InventoryError {
        let mut renewed = Instant::now();
        loop {
            tokio::time::sleep(self.lease / 3).await;
            let mut held = self.held.lock().await;
            match self.renew(&mut held).await {
                Ok(()) => renewed = Instant::now(),
                Err(InventoryError::Write(_) | InventoryError::Read(_))
                    if renewed.elapsed() < self.lease => {}
                Err(InventoryError::Write(_) | InventoryError::Read(_)) => {
                    return InventoryError::Lost { after: self.lease };
                }
                Err(error) => return error,
            }
        }
    }

    /// Gives the right back, and writes down what is there.
    pub(in crate::cluster) async fn release(self, entries: Entries) -> Result<(), InventoryError> {
        let Held {
            operation,
            mut version,
            ..
        } = self.held.into_inner();
        for _ in 0..ATTEMPTS {
            let object = self
                .place
                .encode(&self.source, &entries, None, Some(&version));
            match self
                .cluster
                .replace(self.place.address(), &object, WriteOptions::default())
                .await
            {
                Ok(_) => return Ok(()),
                // The namespace, and the inventory with it, may have been pruned.
                Err(ApiError::NotFound | ApiError::NamespaceNotFound { .. }) => return Ok(()),
                Err(ApiError::Conflict | ApiError::Precondition) => {
                    let found = self.place.read(self.cluster).await?;
                    match (found.operation, found.version) {
                        // A renewal was under way when the work ended.
                        (Some(found), Some(now)) if found.token == operation.token => version = now,
                        // The answer to the first try got lost.
                        (None, _) if found.entries == entries => return Ok(()),
                        _ => return Err(InventoryError::Lost { after: self.lease }),
                    }
                }
                Err(error) => return Err(InventoryError::Write(error)),
            }
        }
        Err(InventoryError::Write(ApiError::Conflict))
    }

    async fn renew(&self, held: &mut Held) -> Result<(), InventoryError> {
        held.operation.renewals += 1;
        let object = self.place.encode(
            &self.source,
            &held.entries,
            Some(&held.operation),
            Some(&held.version),
        );
        held.version = match self
            .cluster
            .replace(self.place.address(), &object, WriteOptions::default())
            .await
        {
            Ok(written) => version(&written.object),
            Err(ApiError::Conflict | ApiError::Precondition) => self
                .ours(&held.operation)
                .await
                .map_err(|error| match error {
                    InventoryError::Concurrent { .. } => InventoryError::Lost { after: self.lease },
                    error => error,
                })?,
            Err(error) => return Err(InventoryError::Write(error)),
        };
        Ok(())
    }

    /// The version of the inventory, if the mark in it is ours: then an answer got lost, and the write was repeated.
    async fn ours(&self, operation: &Operation) -> Result<String, InventoryError> {
        let found = self.place.read(self.cluster).await?;
        match (found.operation, found.version) {
            (Some(found), Some(version)) if found.token == operation.token => Ok(version),
            (Some(found), _) => Err(InventoryError::Concurrent {
                holder: found.holder,
            }),
            (None, _) => Err(InventoryError::Concurrent {
                holder: "it is done by now".to_owned(),
            }),
        }
    }
}

/// Waits for a sign of life of the sync whose mark is in `inventory`.
///
/// # Errors
///
/// [`InventoryError::Concurrent`] when it lives. When it gives no sign, or ends, the inventory is given back as it is now.
pub(in crate::cluster) async fn wait_for_sign(
    cluster: &Cluster,
    place: &Place<'_>,
    inventory: Inventory,
    progress: &dyn Progress,
) -> Result<Inventory, InventoryError> {
    let (Some(operation), Some(seen)) = (&inventory.operation, &inventory.version) else {
        return Ok(inventory);
    };
    progress.report(SyncEvent::WaitingForLease);
    // A mark that was written by hand must not make this one wait for ever.
    let lease = Duration::from_millis(operation.lease).min(Duration::from_secs(600));
    let address = [place.address()];
    let changed = cluster
        .until(&address, Instant::now() + lease, |_, object| match object {
            Some(object) if version(object) == *seen => Verdict::Pending,
            _ => Verdict::Met,
        })
        .await
        .map_err(InventoryError::Read)?;
    if let Waited::TimedOut(_) = changed {
        return Ok(inventory);
    }
    let found = place.read(cluster).await?;
    match found.operation {
        Some(operation) => Err(InventoryError::Concurrent {
            holder: operation.holder,
        }),
        None => Ok(found),
    }
}

/// What no other process has: two numbers that the standard library takes from the system's randomness.
fn token() -> String {
    let number = || RandomState::new().hash_one(std::process::id());
    format!("{:016x}{:016x}", number(), number())
}
