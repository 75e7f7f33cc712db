//! A marked secret goes to the API server in its own Secret, and nowhere else.

use std::fs;
use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use peers::fault_proxy::{Action, Fault, FaultProxy, Seen};
use serde_json::json;

use crate::app::{App, config_map, object};
use crate::run::Run;

/// Long, and with letters that occur nowhere else, so that a part of it is as telling as the whole.
const CANARY: &str = "Kanarienvogel-4Kw8RtXq2Zp6";

/// Every form in which the canary could lie in a text.
fn forms() -> Vec<String> {
    let mut forms = vec![
        CANARY.to_owned(),
        CANARY[3..].to_owned(),
        CANARY.to_uppercase(),
        CANARY.bytes().map(|byte| format!("{byte:02x}")).collect(),
    ];
    for padding in 0..3 {
        let encoded = BASE64_STANDARD.encode([vec![b'.'; padding], CANARY.into()].concat());
        forms.push(encoded[4..encoded.len() - 4].to_owned());
    }
    forms
}

#[track_caller]
fn assert_clean(what: &str, text: &str) {
    for form in forms() {
        assert!(
            !text.contains(&form),
            "{what} holds the secret as {form}:\n{text}"
        );
    }
}

#[track_caller]
fn clean(what: &str, run: Run) -> Run {
    assert_clean(what, &run.all());
    run
}

fn keys() -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("keys-example")
}

/// A Secret with the canary in it, encrypted with sops for the example keys.
fn encrypted(name: &str, fields: &str) -> Vec<u8> {
    let recipient = fs::read_to_string(keys().join("age.txt")).unwrap();
    let recipient = recipient
        .lines()
        .find_map(|line| line.strip_prefix("# public key: "))
        .unwrap();
    let text = object("v1", "Secret", name, &[], fields).replace("---\n", "");
    let mut child = Command::new(peers::program("sops", "sops"))
        .args(["encrypt", "--age", recipient])
        .args(["--encrypted-regex", "^(data|stringData)$"])
        .args(["--filename-override", "secret.yaml", "/dev/stdin"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child
        .stdin
        .take()
        .unwrap()
        .write_all(text.as_bytes())
        .unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success());
    output.stdout
}

fn behind_proxy(prefix: &str) -> (App, FaultProxy) {
    let mut app = App::new(prefix);
    let proxy = FaultProxy::start(app.plane, &app.user);
    app.set_kubeconfig(proxy.kubeconfig());
    (app, proxy)
}

fn is_secrets_own(request: &Seen) -> bool {
    request.path.contains("/secrets/") || request.path.ends_with("/secrets")
}

#[track_caller]
fn assert_requests_clean(proxy: &FaultProxy) {
    let mut carried = 0;
    for request in proxy.take_seen() {
        let carries = forms().iter().any(|form| request.contains(form));
        assert!(
            !carries || is_secrets_own(&request),
            "{} {}?{}",
            request.method,
            request.path,
            request.query
        );
        carried += usize::from(carries);
        // Its own request carries it in the body only.
        assert_clean("a URL", &format!("{}?{}", request.path, request.query));
        assert_clean("a header", &request.headers);
    }
    assert!(carried > 0, "the canary was never sent");
}

#[test]
fn only_the_secrets_own_requests_carry_its_values() {
    let (app, proxy) = behind_proxy("canary");
    let sync = |arguments: &[&str]| {
        clean(
            "sync",
            app.sync().arg("--keys").arg(keys()).args(arguments).run(),
        )
    };
    app.put("plain.yaml", config_map("plain", &[]));
    app.put("hook.yaml", config_map("hook", &[("hook", "PostSync")]));
    app.put(
        "secret.yaml",
        encrypted(
            "db",
            &format!("stringData:\n  password: {CANARY}\n  url: pg://u:{CANARY}@db\n"),
        ),
    );
    sync(&[]).expect(0);
    assert_requests_clean(&proxy);

    for (output, patch) in [
        ("diff", json!({"stringData": {"password": "by hand"}})),
        ("json", json!({"stringData": {"extra": CANARY}})),
        (
            "summary",
            json!({"metadata": {"annotations": {"kubectl.kubernetes.io/last-applied-configuration": format!("{{\"stringData\":{{\"password\":\"{CANARY}\"}}}}")}}, "stringData": {"password": "by hand"}}),
        ),
    ] {
        app.edit("secret", "db", &patch);
        let diff = app
            .diff()
            .arg("--keys")
            .arg(keys())
            .args(["-o", output])
            .run();
        assert_ne!(diff.code, 2, "{diff:?}");
        clean(output, diff);
    }
    sync(&["-o", "json"]).expect(0);
    assert_requests_clean(&proxy);

    app.remove("secret.yaml");
    sync(&["--prune", "--wait"]).expect(0);
    let inventory = app.live("configmap", &format!("lockstep-inventory-{}", app.name));
    assert_clean("the inventory", &inventory.unwrap().to_string());
    let events = app
        .plane
        .kubectl(["-n", &app.namespace, "get", "events", "-o", "json"]);
    assert_clean("the events", &events);
}

/// Secrets that the API server does not take, as the abuse cases AC-1 to AC-3 have them.
#[test]
fn a_secret_that_the_api_server_refuses_tells_nothing() {
    let cases = [
        (
            "a number",
            format!("stringData:\n  a: {CANARY}\n  b: 12345\n"),
        ),
        ("a list", format!("stringData:\n  a: [{CANARY}]\n")),
        ("a map", format!("data:\n  a: {{b: {CANARY}}}\n")),
        ("no base64", format!("data:\n  a: '!{CANARY}!'\n")),
        (
            "a wrong key",
            format!("stringData:\n  'a b/{CANARY}': {CANARY}\n"),
        ),
        (
            "a wrong type",
            format!("type: kubernetes.io/tls\nstringData:\n  tls.crt: {CANARY}\n"),
        ),
        (
            "no docker config",
            format!(
                "type: kubernetes.io/dockerconfigjson\nstringData:\n  .dockerconfigjson: 'x{CANARY}'\n"
            ),
        ),
        (
            "too large",
            format!("stringData:\n  a: {}\n", CANARY.repeat(60_000)),
        ),
    ];
    let (app, proxy) = behind_proxy("refused");
    app.put("plain.yaml", config_map("plain", &[]));
    for (what, fields) in cases {
        app.put("secret.yaml", encrypted("refused", &fields));
        for command in ["sync", "diff"] {
            let start = if command == "sync" {
                app.sync()
            } else {
                app.diff()
            };
            let run = start.arg("--keys").arg(keys()).run();
            assert_eq!(run.code, 2, "{what}: {run:?}");
            let run = clean(what, run);
            // A key may be a secret's too; the object is named all the same.
            assert!(run.all().contains("refused"), "{what}: {run:?}");
        }
        assert!(!app.has("plain"), "{what}");
    }
    drop(proxy);
}

#[test]
fn what_the_api_server_says_of_a_secret_is_not_repeated() {
    let (app, proxy) = behind_proxy("echo");
    app.put("plain.yaml", config_map("plain", &[]));
    app.put(
        "secret.yaml",
        encrypted("db", &format!("stringData:\n  password: {CANARY}\n")),
    );
    let encoded = BASE64_STANDARD.encode(CANARY);
    for (status, reason) in [
        (422, "Invalid"),
        (400, "BadRequest"),
        (409, "Conflict"),
        (403, "Forbidden"),
        (500, "InternalError"),
    ] {
        let body = json!({
            "kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Failure", "reason": reason, "code": status,
            "message": format!("admission webhook denied: Secret \"db\" password {CANARY} data {encoded} is weak"),
            "details": {"name": "db", "kind": "secrets", "causes": [
                {"reason": "FieldValueInvalid", "field": format!("data[password]"), "message": format!("Invalid value: \"{CANARY}\"")},
                {"reason": "FieldManagerConflict", "field": ".data.password", "message": format!("conflict with \"{encoded}\"")},
            ]},
        });
        let action = Action::Answer {
            status,
            retry_after: None,
            body: body.to_string(),
        };
        proxy.inject(Fault::on(
            |request| is_secrets_own(request) && request.method != "GET",
            action,
        ));
        let run = app
            .sync()
            .args(["--request-timeout", "2s", "--keys"])
            .arg(keys())
            .run();
        clean(reason, run).expect(2);
        proxy.clear();
    }
}

#[test]
fn nothing_but_ciphertext_is_written() {
    let app = App::new("trace");
    app.put("plain.yaml", config_map("plain", &[]));
    app.put(
        "secret.yaml",
        encrypted("db", &format!("stringData:\n  password: {CANARY}\n")),
    );
    let secrets: Vec<String> = forms()
        .iter()
        .map(|form| form.bytes().map(|byte| format!("\\x{byte:02x}")).collect())
        .collect();
    let log = app.scratch().join("trace");
    for (command, code) in [("diff", 1), ("sync", 0), ("diff", 0)] {
        let start = if command == "sync" {
            app.sync()
        } else {
            app.diff()
        };
        start.arg("--keys").arg(keys()).traced(&log).expect(code);
        let trace = fs::read_to_string(&log).unwrap();
        for line in trace.lines() {
            for secret in &secrets {
                assert!(!line.contains(secret.as_str()), "{command}: {line}");
            }
            let writes = ["O_WRONLY", "O_RDWR", "O_CREAT"]
                .iter()
                .any(|flag| line.contains(flag));
            let device = ["/dev/tty", "/dev/null"].iter().any(|device| {
                let hex: String = device
                    .bytes()
                    .map(|byte| format!("\\x{byte:02x}"))
                    .collect();
                line.contains(&hex)
            });
            assert!(!writes || device, "{command} opens for writing: {line}");
        }
        // The program itself, and nothing that it starts.
        let programs = trace
            .lines()
            .filter(|line| line.contains("execve("))
            .count();
        assert_eq!(programs, 1, "{command}");
    }
}
