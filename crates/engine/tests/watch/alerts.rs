//! How alerts arrive, and what they do not show.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use countersign_engine::watch::{
    Alert, Cause, Channel, Config, Guard, Kind, Mail, MailConfig, Secret, Setup, StartTls, Undelivered, Watch, Webhook,
    WebhookConfig, deliver,
};

use crate::clock::{Turned, time};
use crate::ledger::{NOON, Place};
use crate::{http, logs, smtp};

fn alert() -> Alert {
    Alert::new(Cause::Finding, "shop/main", time(NOON), "1 finding: TRANSACTION_TAMPERED: Grüße <!channel>")
}

fn webhook(stub: &http::Stub, token: &str) -> Webhook {
    let config = WebhookConfig { attempts: 4, ..WebhookConfig::default() };
    Webhook::new(Secret::new(format!("{}/services/{token}", stub.address)), &config, &[]).unwrap()
}

fn send(channel: &dyn Channel, clock: &Turned) -> Result<(), Undelivered> {
    deliver(channel, &alert(), channel.attempts(), clock, &AtomicBool::new(false))
}

#[test]
fn a_webhook_is_tried_again_with_growing_pauses() {
    let (stub, clock) = (http::Stub::answering(&[500, 0, 429]), Arc::new(Turned::at(NOON)));
    send(&webhook(&stub, "T0KEN"), &clock).unwrap();
    let bodies = stub.bodies();
    assert_eq!(bodies.len(), 4);
    assert_eq!(clock.slept().as_secs(), 1 + 2 + 4);
    assert_eq!(bodies[0], bodies[3]);
    assert!(bodies[0]["text"].as_str().unwrap().starts_with("[countersign shop/main] FINDING: 1 finding"));
    assert!(bodies[0]["text"].as_str().unwrap().ends_with("Grüße &lt;!channel&gt;"));
    assert_eq!(bodies[0]["metadata"]["event_payload"]["ledger"], "shop/main");
}

#[test]
fn a_webhook_gives_up() {
    logs::keep();
    let clock = Arc::new(Turned::at(NOON));
    let stub = http::Stub::answering(&[500; 9]);
    let error = send(&webhook(&stub, "G1VESUP"), &clock).unwrap_err();
    assert_eq!(error.to_string(), "the webhook did not take the alert after 4 tries: it answered 500");
    assert_eq!(stub.bodies().len(), 4);
    // What is wrong with the request is as wrong the next time, and a redirect leads elsewhere.
    for status in [404, 302] {
        let stub = http::Stub::answering(&[status]);
        let error = send(&webhook(&stub, "G1VESUP"), &clock).unwrap_err();
        assert_eq!((error.attempts, error.why, stub.bodies().len()), (1, format!("it answered {status}"), 1));
    }
    let nobody = http::Stub::gone();
    let error = send(&webhook(&nobody, "G1VESUP"), &clock).unwrap_err();
    assert_eq!((error.attempts, error.why.as_str()), (4, "the connection failed"));
    assert!(!logs::with("127.0.0.1").is_empty(), "the client's own log is seen");
    assert_eq!(logs::with("G1VESUP"), Vec::<String>::new());
}

/// A configuration for the stub, the certificate of which is trusted.
fn mail(stub: &smtp::Stub, folder: &std::path::Path, password: &str) -> Config {
    let path = folder.join("password");
    std::fs::write(&path, format!("{password}\n")).unwrap();
    let mail = MailConfig {
        host: "localhost".to_owned(),
        port: stub.port,
        from: "Ledger <ledger@example.org>".to_owned(),
        to: vec!["auditor@example.org".to_owned(), "boss@example.org".to_owned()],
        user: "ledger".to_owned(),
        password_file: Some(path),
        ..MailConfig::default()
    };
    let webhook = WebhookConfig { url_env: "NONE".to_owned(), ..WebhookConfig::default() };
    Config { mail, webhook, tls_root: Some(stub.root(folder)), ..Config::default() }
}

/// Has the watch find something.
fn find(place: &Place, config: Config) -> Watch {
    place.tamper("UPDATE entries SET currency = 'GOLD' WHERE seq = 4");
    let mut watch = Watch::new(Setup { config, ..place.setup() }).unwrap();
    assert!(!watch.audit_now(Kind::Full).unwrap().valid());
    watch
}

#[test]
fn mail_goes_over_starttls_with_a_password_and_to_everyone() {
    logs::keep();
    let (place, stub) = (Place::new(), smtp::Stub::new(true));
    let watch = find(&place, mail(&stub, place.folder.path(), "s3cr3t-hunter"));
    assert_eq!(watch.metrics().lock().unwrap().alerts.delivered, 2);
    let heard = stub.heard();
    let login = format!("tls AUTH PLAIN {}", "AGxlZGdlcgBzM2NyM3QtaHVudGVy");
    for line in [
        &*login,
        "tls MAIL FROM:<ledger@example.org>",
        "tls RCPT TO:<auditor@example.org>",
        "tls RCPT TO:<boss@example.org>",
        "tls Subject: [countersign conformance/ledger] FINDING",
    ] {
        assert!(heard.iter().any(|heard| heard.starts_with(line)), "{line}: {heard:#?}");
    }
    assert!(heard.iter().any(|line| line.contains("TRANSACTION_TAMPERED")), "{heard:#?}");
    // In the open it says hello and asks for TLS, and no more.
    let open: Vec<&String> = heard.iter().filter(|line| !line.starts_with("tls ")).collect();
    assert!(open.iter().all(|line| line.starts_with("EHLO") || *line == "STARTTLS"), "{open:?}");
    assert_eq!(heard.iter().filter(|line| line.starts_with("tls RCPT")).count(), 2, "one each: {heard:#?}");
    assert_eq!(logs::with("s3cr3t-hunter"), Vec::<String>::new());
}

#[test]
fn no_mail_without_starttls_or_to_a_server_that_is_not_trusted() {
    let folder = tempfile::tempdir().unwrap();
    let clock = Arc::new(Turned::at(NOON));
    let open = smtp::Stub::new(false);
    let config = mail(&open, folder.path(), "s3cr3t");
    let error = send(&Mail::to_each(&config.mail, &[]).unwrap()[0], &clock).unwrap_err();
    assert!(error.why.contains("STARTTLS"), "{error}");
    assert!(open.heard().iter().all(|line| line.starts_with("EHLO") || line == "QUIT"), "{:?}", open.heard());
    let foreign = smtp::Stub::new(true);
    let config = mail(&foreign, folder.path(), "s3cr3t");
    let error = send(&Mail::to_each(&config.mail, &[]).unwrap()[0], &clock).unwrap_err();
    assert!(!error.to_string().contains("s3cr3t"), "{error}");
    assert_eq!(foreign.heard().iter().filter(|line| line.starts_with("tls ")).count(), 0);
    // A relay on this machine that is trusted without.
    let relay = MailConfig { starttls: StartTls::None, user: String::new(), password_file: None, ..config.mail };
    let relay = MailConfig { port: open.port, ..relay };
    send(&Mail::to_each(&relay, &[]).unwrap()[0], &clock).unwrap();
    assert!(open.heard().contains(&"MAIL FROM:<ledger@example.org>".to_owned()));
}

#[test]
fn no_secret_shows_itself() {
    let (place, stub) = (Place::new(), smtp::Stub::new(true));
    let mut config = mail(&stub, place.folder.path(), "pa55word");
    config.webhook.url = Some(Secret::new(format!("{}/D0NTSHOW", place.hook.address)));
    let hook = webhook(&place.hook, "D0NTSHOW");
    let server = Mail::to_each(&config.mail, &[]).unwrap();
    let shown = format!("{config:?} {hook:?} {server:?} {}", serde_json::to_string(&config).unwrap());
    for secret in ["D0NTSHOW", "pa55word"] {
        assert!(!shown.contains(secret), "{shown}");
    }
    // A token that makes the address none.
    let bad = Secret::new("https://hooks.example/D0NT SHOW".to_owned());
    let error = Webhook::new(bad, &WebhookConfig::default(), &[]).unwrap_err();
    assert!(!format!("{error} {error:?}").contains("D0NT"), "{error}");
}

#[test]
fn what_was_not_delivered_is_tried_again_at_the_next_round() {
    let place = Place::new();
    let stub = http::Stub::answering(&[404, 404]);
    let url = Some(Secret::new(stub.address.clone()));
    let webhook = WebhookConfig { url, url_env: "NONE".to_owned(), ..WebhookConfig::default() };
    let mut watch = find(&place, Config { webhook, ..Config::default() });
    assert_eq!(watch.metrics().lock().unwrap().alerts.failed, 1);
    watch.round();
    watch.round();
    watch.round();
    let counts = watch.metrics().lock().unwrap().alerts;
    assert_eq!((counts.failed, counts.delivered, stub.causes().len()), (2, 1, 3));
}

/// One that audits once and ends, from cron say, has no rounds.
#[test]
fn what_was_not_delivered_is_tried_again_before_the_next_audit() {
    let place = Place::new();
    let stub = http::Stub::answering(&[404]);
    let url = Some(Secret::new(stub.address.clone()));
    let webhook = WebhookConfig { url, url_env: "NONE".to_owned(), ..WebhookConfig::default() };
    let config = Config { webhook, ..Config::default() };
    drop(find(&place, config.clone()));
    let mut next = Watch::new(Setup { config, ..place.setup() }).unwrap();
    assert!(!next.audit_now(Kind::Full).unwrap().valid());
    let counts = next.metrics().lock().unwrap().alerts;
    assert_eq!((counts.failed, counts.delivered, stub.causes().len()), (0, 1, 2));
}

/// An address that left the house.
#[test]
fn a_recipient_that_is_refused_keeps_no_mail_from_the_others() {
    let (place, stub) = (Place::new(), smtp::Stub::new(true));
    stub.refuse("auditor@example.org");
    let config = mail(&stub, place.folder.path(), "s3cr3t");
    let mut watch = find(&place, config.clone());
    assert_eq!(told(&stub), (1, vec!["boss@example.org".to_owned()]));
    assert_eq!(watch.metrics().lock().unwrap().alerts.delivered, 1);
    watch.round();
    assert_eq!(told(&stub), (2, vec!["boss@example.org".to_owned()]), "the one is tried again, the other told once");
    let kept = std::fs::read_to_string(place.state().join("alerts.json")).unwrap();
    assert!(kept.contains("mail server for auditor@example.org") && !kept.contains("boss"), "{kept}");
    // What one mail to all was kept as by an earlier version is for everybody.
    drop(watch);
    let earlier = kept.replace("mail server for auditor@example.org", "mail server");
    std::fs::write(place.state().join("alerts.json"), earlier).unwrap();
    stub.refuse("nobody");
    Watch::new(Setup { config, ..place.setup() }).unwrap().round();
    let (refused, mut to) = told(&stub);
    to.sort();
    assert_eq!((refused, to.join(" ").as_str()), (2, "auditor@example.org boss@example.org boss@example.org"));
}

/// How often a recipient was refused, and who was sent a message.
fn told(stub: &smtp::Stub) -> (usize, Vec<String>) {
    let heard = stub.heard();
    let refused = heard.iter().filter(|line| *line == "refused").count();
    let to = heard.iter().filter_map(|line| line.strip_prefix("tls To: ").map(str::to_owned));
    (refused, to.collect())
}

/// Where anybody waited for the webhook, this would take an hour.
#[test]
fn nobody_waits_for_a_channel_that_hangs() {
    let (place, silent, stub) = (Place::new(), http::Silent::new(), smtp::Stub::new(true));
    place.tamper("UPDATE entries SET currency = 'GOLD' WHERE seq = 4");
    let mut config = mail(&stub, place.folder.path(), "s3cr3t");
    config.webhook.url = Some(Secret::new(silent.address.clone()));
    config.webhook.timeout_seconds = 300;
    config.cron = "* * * * *".to_owned();
    let setup = || Setup { config: config.clone(), ..place.setup() };
    let mut watch = Watch::new(setup()).unwrap();
    // Neither an audit that is due in a second, nor the mail.
    for minute in [1, 2] {
        place.clock.turn(&format!("2026-02-12T03:0{minute}:59.000Z"));
        watch.round();
        assert_eq!(watch.results().iter().filter(|result| result.due.is_some()).count(), minute);
    }
    assert_eq!(silent.connections(), 1);
    while told(&stub).1.len() < 2 {
        std::thread::yield_now();
    }
    // Nor whoever ends the process; and what the webhook did not take yet waits for the next.
    watch.stop().store(true, std::sync::atomic::Ordering::SeqCst);
    drop(watch);
    drop(Guard::post(Watch::new(setup()).unwrap()).unwrap());
    let kept = std::fs::read_to_string(place.state().join("alerts.json")).unwrap();
    assert!(kept.contains(r#"["webhook","#), "{kept}");
}

#[test]
fn what_failed_is_tried_once_a_round() {
    let place = Place::new();
    let stub = http::Stub::answering(&[500; 6]);
    let url = Some(Secret::new(stub.address.clone()));
    let webhook = WebhookConfig { url, url_env: "NONE".to_owned(), attempts: 4, ..WebhookConfig::default() };
    let mut watch = find(&place, Config { webhook, ..Config::default() });
    let mut tries = vec![stub.bodies().len()];
    for _ in 0..4 {
        watch.round();
        tries.push(stub.bodies().len());
    }
    assert_eq!(tries, [4, 5, 6, 7, 7]);
}
