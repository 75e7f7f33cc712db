//! Shamir's secret sharing as sops uses it (`shamir/shamir.go`): bytes over GF(2^8) with the polynomial of AES.
//!
//! A share is the value of the polynomial of each byte, then one byte, the point at which they were taken. Arithmetic
//! neither branches on nor looks up by a secret (GHSA-vq4h-9ghm-qmrr).

use secret::{LockedBytes, MapError};

/// Recovers the secret from all `shares` given.
///
/// Too few shares give a wrong secret rather than an error: only what the secret opens can tell.
///
/// # Errors
///
/// With fewer than two shares, with shares of unequal or too short length, and with shares taken at the same point or
/// at zero.
pub(crate) fn combine(shares: &[LockedBytes]) -> Result<LockedBytes, CombineError> {
    let [first, _, ..] = shares else {
        return Err(CombineError::TooFew);
    };
    let Some(length) = first
        .expose()
        .len()
        .checked_sub(1)
        .filter(|length| *length > 0)
    else {
        return Err(CombineError::TooShort);
    };
    if shares
        .iter()
        .any(|share| share.expose().len() != length + 1)
    {
        return Err(CombineError::UnequalLength);
    }
    let points: Vec<u8> = shares.iter().map(|share| share.expose()[length]).collect();
    for (position, point) in points.iter().enumerate() {
        // The secret itself is the value at zero, so no dealer hands that point out.
        if *point == 0 {
            return Err(CombineError::Zero);
        }
        if points[..position].contains(point) {
            return Err(CombineError::Duplicate);
        }
    }
    // The Lagrange basis at zero depends on the public points alone.
    let basis: Vec<u8> = points
        .iter()
        .map(|point| {
            points
                .iter()
                .filter(|other| *other != point)
                .fold(1, |product, other| {
                    multiply(product, multiply(*other, inverse(point ^ other)))
                })
        })
        .collect();
    let secret = LockedBytes::init(length, |secret| {
        for (position, byte) in secret.iter_mut().enumerate() {
            *byte = shares.iter().zip(&basis).fold(0, |sum, (share, basis)| {
                sum ^ multiply(share.expose()[position], *basis)
            });
        }
    })?;
    Ok(secret)
}

/// Why shares do not combine.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CombineError {
    /// Fewer than two shares.
    #[error("fewer than two shares")]
    TooFew,
    /// A share without content.
    #[error("a share is too short")]
    TooShort,
    /// Shares of different lengths.
    #[error("the shares differ in length")]
    UnequalLength,
    /// The same share twice.
    #[error("two groups hold the same share")]
    Duplicate,
    /// A share taken where the secret itself lies.
    #[error("a share is taken at point zero")]
    Zero,
    /// No locked memory for the result.
    #[error("no locked memory for the data key")]
    Memory(#[from] MapError),
}

impl CombineError {
    /// A stable name of the cause.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::TooFew => "too-few-shares",
            Self::TooShort => "share-too-short",
            Self::UnequalLength => "share-length",
            Self::Duplicate => "duplicate-share",
            Self::Zero => "share-at-zero",
            Self::Memory(_) => "locked-memory",
        }
    }
}

/// The product in GF(2)\[x\] / (x^8 + x^4 + x^3 + x + 1), in the same time for all factors.
fn multiply(left: u8, right: u8) -> u8 {
    let mut product = 0;
    let mut left = left;
    for bit in 0..8 {
        product ^= left & mask(right >> bit & 1);
        left = (left << 1) ^ (0x1B & mask(left >> 7));
    }
    product
}

/// All ones for 1, all zeros for 0.
fn mask(bit: u8) -> u8 {
    bit.wrapping_neg()
}

/// The multiplicative inverse: the 254th power.
fn inverse(element: u8) -> u8 {
    let mut power = element;
    let mut result = 1;
    // 254 is seven ones and a zero in binary.
    for _ in 0..7 {
        power = multiply(power, power);
        result = multiply(result, power);
    }
    result
}

#[cfg(test)]
mod tests {
    use secret::LockedBytes;

    use super::{CombineError, combine, inverse, multiply};

    fn locked(bytes: &[u8]) -> LockedBytes {
        LockedBytes::take(&mut bytes.to_vec()).unwrap()
    }

    /// Shares of `secret` with the given higher coefficients of every byte's polynomial.
    fn split(secret: &[u8], coefficients: &[u8], points: &[u8]) -> Vec<LockedBytes> {
        points
            .iter()
            .map(|point| {
                let mut share: Vec<u8> = secret
                    .iter()
                    .map(|byte| {
                        let higher = coefficients
                            .iter()
                            .rev()
                            .fold(0, |sum, factor| multiply(sum ^ factor, *point));
                        higher ^ byte
                    })
                    .collect();
                share.push(*point);
                locked(&share)
            })
            .collect()
    }

    #[test]
    fn the_field_is_that_of_aes() {
        assert_eq!(multiply(0x57, 0x83), 0xC1);
        assert_eq!(multiply(0x53, 0xCA), 1);
        for element in 1..=255 {
            assert_eq!(multiply(element, inverse(element)), 1);
        }
        assert_eq!(inverse(0), 0);
    }

    #[test]
    fn any_quorum_recovers_the_secret() {
        let secret = [0, 1, 0x80, 0xFF, 42];
        let shares = |points: &[u8]| split(&secret, &[0xA7, 0x31], points);
        for points in [&[1, 2, 3][..], &[3, 1, 2], &[5, 200, 255], &[1, 2, 3, 4, 5]] {
            assert_eq!(
                combine(&shares(points)).unwrap().expose(),
                secret,
                "{points:?}"
            );
        }
        assert_ne!(
            combine(&shares(&[1, 2])).unwrap().expose(),
            secret,
            "one share short"
        );
    }

    #[test]
    fn unfit_shares_are_refused() {
        let cases: [(&[&[u8]], &str); 6] = [
            (&[], "too-few-shares"),
            (&[&[1, 1]], "too-few-shares"),
            (&[&[1], &[2]], "share-too-short"),
            (&[&[9, 1], &[9, 9, 2]], "share-length"),
            (&[&[9, 1], &[8, 1]], "duplicate-share"),
            (&[&[9, 1], &[8, 0]], "share-at-zero"),
        ];
        for (shares, reason) in cases {
            let shares: Vec<LockedBytes> = shares.iter().map(|share| locked(share)).collect();
            let error: CombineError = combine(&shares).err().expect(reason);
            assert_eq!(error.reason(), reason);
        }
    }
}
