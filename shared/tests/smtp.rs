//! Letters through a real mail server. `cargo xtask test` starts one; without it this says so and the run's list of suites misses it.

use std::fs;
use std::path::{Path, PathBuf};

use platen_shared::adapters::smtp::{Server, Smtp};
use platen_shared::db::At;
use platen_shared::ports::PortError;
use platen_shared::ports::mail::{Mail, Mailer};
use platen_shared::testing::{smtp, suite_ran};

fn mail(id: &str) -> Mail {
    Mail {
        from_name: "Atelier \"Lune\" & Fils, Zoë".into(),
        to: "zoe@example.org".into(),
        reply_to: Some("help@atelier.example".into()),
        subject: "Votre commande\r\nBcc: thief@example.org est confirmée".into(),
        text: "Bonjour Zoë,\n\n.un point au début\n\nÀ bientôt\n".into(),
        html: "<p>Bonjour Zoë</p>\n".into(),
        id: id.into(),
        at: At(1_795_000_000_000_000),
    }
}

fn arrived(folder: &Path, id: &str) -> Vec<String> {
    let files =
        fs::read_dir(folder.join("new")).map(|dir| dir.flatten().map(|entry| entry.path()).collect::<Vec<PathBuf>>());
    let texts = files.unwrap_or_default().into_iter().filter_map(|file| fs::read_to_string(file).ok());
    texts.filter(|text| text.contains(id)).collect()
}

#[tokio::test]
async fn a_letter_arrives_whole_under_its_own_id() {
    let Some((url, mails)) = smtp() else { return };
    let smtp = Smtp::new(Server::read(&url.into()).expect("an address"), "orders@platen.example").expect("an address");
    let id = format!("msg_{}", uuid::Uuid::now_v7().simple());
    smtp.offer(&mail(&id)).await.expect("it waits for the letter").hand_over().await.expect("taken");
    let found = arrived(&mails, &id);
    assert_eq!(found.len(), 1);
    let letter = found[0].replace("\r\n", "\n");
    let (head, body) = letter.split_once("\n\n").expect("a header and a body");
    assert!(head.contains(&format!("Message-ID: <{id}@platen.example>")), "{head}");
    assert!(head.contains("Date: Wed, 18 Nov 2026") && head.contains("Reply-To: help@atelier.example"), "{head}");
    assert!(!head.lines().any(|line| line.to_lowercase().starts_with("bcc:")), "a subject is one line: {head}");
    assert!(body.contains("text/plain") && body.contains("text/html"), "{body}");
    suite_ran("smtp", "aiosmtpd");
}

#[tokio::test]
async fn whom_no_letter_can_be_written_to_is_said_before_anything_is_sent() {
    let nobody = Smtp::new(Server::read(&"smtp://127.0.0.1:1".to_owned().into()).expect("an address"), "a@b.example")
        .expect("an address");
    let wrong = Mail { to: "not an address".into(), ..mail("msg_1") };
    assert!(matches!(nobody.offer(&wrong).await.map(drop), Err(PortError::Invalid(_))));
    assert!(
        matches!(nobody.offer(&mail("msg_2")).await.map(drop), Err(PortError::Transient(_))),
        "nobody listens there"
    );
    assert!(Smtp::new(Server::read(&"smtp://127.0.0.1:1".to_owned().into()).expect("an address"), "nobody").is_err());
}
