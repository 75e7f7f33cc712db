use super::*;

fn place(application: &ApplicationName) -> Place<'_> {
    Place {
        resource: ApiResource {
            group: String::new(),
            version: "v1".to_owned(),
            kind: "ConfigMap".to_owned(),
            plural: "configmaps".to_owned(),
            scope: Scope::Namespaced,
            verbs: Default::default(),
            subresources: Default::default(),
        },
        namespace: "shop",
        application,
        name: format!("{PREFIX}{application}"),
    }
}

fn entries(count: usize) -> Entries {
    (0..count)
        .map(|number| {
            let key = ObjectKey {
                group_kind: GroupKind::new("apps", "Deployment"),
                namespace: (number % 2 == 0).then(|| "shop".to_owned()),
                name: format!("name:with \"odd\" characters-{number}"),
            };
            (key, [Entry::Object, Entry::Opened, Entry::Hook][number % 3])
        })
        .collect()
}

#[test]
fn an_inventory_reads_back_as_it_was_written() {
    let application = ApplicationName::parse("shop").unwrap();
    let place = place(&application);
    let operation = Operation {
        holder: "somebody".to_owned(),
        token: "0123456789abcdef".to_owned(),
        renewals: 3,
        lease: 10_000,
    };
    for count in [0, 3, 5000] {
        let entries = entries(count);
        let object = place.encode("a-source", &entries, Some(&operation), Some("7"));
        assert_eq!(object.get("binaryData").is_some(), count == 5000, "{count}");
        let read = place.decode(&object).unwrap();
        assert_eq!(read.entries, entries);
        assert_eq!(read.operation.as_ref(), Some(&operation));
        assert_eq!(read.version.as_deref(), Some("7"));
        assert!(read.check_source("a-source").is_ok());
        assert!(read.check_source("another").is_err());
    }
}

#[test]
fn what_is_no_inventory_is_refused() {
    for object in [
        json!({}),
        json!({"data": {}}),
        json!({"data": {"format": "2", "source": "", "objects": ""}}),
        json!({"data": {"format": "1", "source": "", "objects": "nonsense"}}),
        json!({"data": {"format": "1", "source": "", "objects": "[]"}}),
        json!({"data": {"format": "1", "source": ""}, "binaryData": {"objects.gz": "AAAA"}}),
        json!({"data": {"format": "1", "source": "", "objects": "", "operation": "x"}}),
    ] {
        assert!(decode(&object).is_none(), "{object}");
    }
}
