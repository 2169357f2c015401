//! STARTTLS and logins against a real mail server with a certificate that the test makes. Where `cargo xtask test` starts mail servers
//! there is a Python for it; without one this says nothing, and the run's list of suites misses it.

use std::io::{BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::{Arc, Mutex};

use platen_shared::adapters::smtp::{Server, Smtp};
use platen_shared::db::At;
use platen_shared::ports::mail::{Mail, Mailer};
use platen_shared::ports::{PortError, PortResult};
use platen_shared::testing::{smtp_python, suite_ran};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair, date_time_ymd};

const PASSWORD: &str = "hunter2 of the mail server";
/// As it travels, and as logs of bytes would show it.
const PASSWORD_BASE64: &str = "aHVudGVyMiBvZiB0aGUgbWFpbCBzZXJ2ZXI";

/// A certificate's authority, and a server's certificate and key.
struct Papers {
    authority: String,
    cert: String,
    key: String,
}

fn papers(host: &str, over: bool) -> Papers {
    let mut params = CertificateParams::new(Vec::new()).expect("parameters");
    params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(params, KeyPair::generate().expect("a key")).expect("an authority");
    let mut params = CertificateParams::new(vec![host.to_owned()]).expect("parameters");
    if over {
        (params.not_before, params.not_after) = (date_time_ymd(2020, 1, 1), date_time_ymd(2021, 1, 1));
    }
    let key = KeyPair::generate().expect("a key");
    let cert = params.signed_by(&key, &authority).expect("a certificate");
    Papers { authority: authority.pem(), cert: cert.pem(), key: key.serialize_pem() }
}

/// A running server; it ends when it is dropped.
struct Post {
    child: Child,
    said: BufReader<ChildStdout>,
    port: u16,
    _files: tempfile::TempDir,
}

impl Post {
    fn open(python: &str, papers: Option<&Papers>) -> Post {
        let files = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| {
            let path = files.path().join(name);
            std::fs::write(&path, text).expect("written");
            path.display().to_string()
        };
        let (cert, key) = papers.map_or_else(
            || ("-".to_owned(), "-".to_owned()),
            |papers| (write("cert.pem", &papers.cert), write("key.pem", &papers.key)),
        );
        let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/mail_server.py");
        let mut command = Command::new(python);
        command.args([script, &cert, &key, "shop", PASSWORD]).stdout(Stdio::piped()).stderr(Stdio::null());
        let mut child = command.spawn().expect("Python starts");
        let mut said = BufReader::new(child.stdout.take().expect("its output"));
        let mut port = String::new();
        said.read_line(&mut port).expect("its port");
        Post { child, said, port: port.trim().parse().expect("a port"), _files: files }
    }

    fn url(&self, host: &str, password: &str, tls: &str) -> String {
        format!("smtp://shop:{}@{host}:{}{tls}", password.replace(' ', "%20"), self.port)
    }

    /// Everything that was said to it until now, once it is gone.
    fn heard(mut self) -> String {
        self.child.kill().expect("it ends");
        let mut lines = String::new();
        std::io::Read::read_to_string(&mut self.said, &mut lines).expect("its lines");
        lines
    }
}

impl Drop for Post {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn mail() -> Mail {
    Mail {
        from_name: "Atelier Lune".into(),
        to: "zoe@example.org".into(),
        reply_to: None,
        subject: "Merci".into(),
        text: "Bonjour\n".into(),
        html: "<p>Bonjour</p>\n".into(),
        id: "msg_1".into(),
        at: At(1_795_000_000_000_000),
    }
}

fn smtp(url: String, authority: Option<&str>) -> Smtp {
    let smtp = Smtp::new(Server::read(&url.into()).expect("an address"), "orders@platen.example").expect("an address");
    match authority {
        Some(pem) => smtp.trusting(pem.as_bytes()).expect("a certificate"),
        None => smtp,
    }
}

async fn send(smtp: &Smtp) -> PortResult<()> {
    smtp.offer(&mail()).await?.hand_over().await
}

/// Why a letter was not taken, which is the setting's fault and not the letter's.
async fn refusal(smtp: &Smtp) -> String {
    match send(smtp).await {
        Err(PortError::Auth(said)) => said,
        other => panic!("{other:?}"),
    }
}

/// All that is logged, whoever logs it.
#[derive(Clone, Default)]
struct Log(Arc<Mutex<Vec<u8>>>);

impl Write for Log {
    fn write(&mut self, bytes: &[u8]) -> std::io::Result<usize> {
        self.0.lock().expect("unpoisoned").extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

#[tokio::test]
async fn starttls_is_asked_for_and_nothing_is_said_before_it() {
    let Some(python) = smtp_python() else { return };
    let log = Log::default();
    let writer = {
        let log = log.clone();
        move || log.clone()
    };
    let subscriber = tracing_subscriber::fmt()
        .with_writer(writer)
        .with_max_level(tracing_subscriber::filter::LevelFilter::TRACE)
        .finish();
    let _on = tracing::subscriber::set_default(subscriber);
    tracing::info!("the log is open");
    let mut told = Vec::new();

    let good = papers("localhost", false);
    let post = Post::open(&python, Some(&good));
    let url = |post: &Post, password| post.url("localhost", password, "?tls=required");
    send(&smtp(url(&post, PASSWORD), Some(&good.authority))).await.expect("taken");
    told.push(refusal(&smtp(url(&post, "not the password"), Some(&good.authority))).await);
    assert!(told[0].contains("does not know us"), "{told:?}");
    // Without TLS such a server takes nothing, and says so.
    told.push(refusal(&smtp(format!("smtp://localhost:{}", post.port), None)).await);
    assert!(told[1].contains("wants TLS or a login first"), "{told:?}");
    assert_eq!(post.heard(), "LOGIN tls right\nMAIL tls\nLETTER\nLOGIN tls wrong\n");

    let clear = Post::open(&python, None);
    told.push(refusal(&smtp(url(&clear, PASSWORD), Some(&good.authority))).await);
    assert!(told[2].contains("offers no STARTTLS") && told[2].contains("smtps://"), "{told:?}");
    assert_eq!(clear.heard(), "", "neither a login nor a letter went out in the clear");

    for (name, papers, trusted, why) in [
        ("nobody knows its authority", papers("localhost", false), false, "UnknownIssuer"),
        ("another host's", papers("mail.example", false), true, "not valid for name"),
        ("over", papers("localhost", true), true, "expired"),
    ] {
        let post = Post::open(&python, Some(&papers));
        let said = refusal(&smtp(url(&post, PASSWORD), trusted.then_some(&papers.authority))).await;
        assert!(said.contains("certificate is not believed") && said.contains(why), "{name}: {said}");
        assert!(said.contains("mail.ca"), "{name}: what to do next: {said}");
        assert_eq!(post.heard(), "", "{name}: nothing was said to it");
        told.push(said);
    }
    let shown = format!(
        "{told:?} {:?}",
        smtp(format!("smtp://shop:{PASSWORD}@localhost?tls=required").replace(' ', "%20"), None)
    );
    let logged = String::from_utf8(log.0.lock().expect("unpoisoned").clone()).expect("text");
    assert!(logged.contains("the log is open"));
    for hidden in [PASSWORD, PASSWORD_BASE64, "hunter2%20of"] {
        assert!(!shown.contains(hidden) && !logged.contains(hidden), "{hidden}: {shown} {logged}");
    }
    suite_ran("smtp", "starttls");
}

#[test]
fn a_file_without_a_certificate_is_no_authority() {
    let smtp = || smtp("smtp://localhost:1?tls=required".to_owned(), None);
    for wrong in ["", "no certificate", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        assert!(smtp().trusting(wrong.as_bytes()).is_err_and(|said| said.contains("mail.ca")), "{wrong}");
    }
}
