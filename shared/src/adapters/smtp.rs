//! Letters over SMTP. What the server says is kept as its code alone: its sentences repeat addresses, which no log may see.

use std::time::{Duration, UNIX_EPOCH};

use async_trait::async_trait;
use lettre::address::Envelope;
use lettre::message::header::{HeaderName, HeaderValue};
use lettre::message::{Mailbox, MultiPart};
use lettre::transport::smtp::Error;
use lettre::transport::smtp::authentication::{Credentials, DEFAULT_MECHANISMS};
use lettre::transport::smtp::client::{AsyncSmtpConnection, Certificate, TlsParameters};
use lettre::transport::smtp::commands::{Data, Mail as MailFrom, Rcpt};
use lettre::transport::smtp::extension::{ClientId, Extension, MailBodyParameter, MailParameter};
use lettre::{Address, Message};
use reqwest::Url;
use secrecy::{ExposeSecret, SecretString};

use crate::ports::mail::{Mail, Mailer, Offered};
use crate::ports::{PortError, PortResult};

/// Until the server said something. It may look at a letter for long before it takes it.
const ANSWER: Duration = Duration::from_secs(60);

/// Nothing was said to such a server beyond a greeting.
const NO_STARTTLS: &str = "the mail server offers no STARTTLS, and nothing is sent in the clear: use smtps:// or, in a network of your own, \
                           ?tls=none in mail.url";

/// How a connection is kept from others.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Tls {
    /// From the first byte (`smtps://`).
    Whole,
    /// After `STARTTLS`, or nothing is said (`smtp://`).
    Upgrade,
    /// Never: a server on this machine, or where the setting says so.
    None,
}

/// A mail server, as `mail.url` names it.
#[derive(Clone, Debug)]
pub struct Server {
    host: String,
    port: u16,
    tls: Tls,
    login: Option<(String, SecretString)>,
}

impl Server {
    /// Reads `smtp://USER:PASSWORD@HOST:PORT` or `smtps://…`. `smtp` asks for TLS before anything else is said, except on the loopback
    /// and where `?tls=none` says so; with `?tls=required` on the loopback too.
    ///
    /// # Errors
    /// A sentence that says what is wrong, without the password.
    pub fn read(url: &SecretString) -> Result<Server, String> {
        let url = Url::parse(url.expose_secret()).map_err(|e| format!("mail.url is no address: {e}"))?;
        let host = url.host_str().unwrap_or_default().trim_matches(['[', ']']).to_owned();
        if host.is_empty() {
            return Err("mail.url names no host".to_owned());
        }
        let said = url.query_pairs().find(|(name, _)| name == "tls").map(|(_, value)| value.into_owned());
        let plain = match said.as_deref() {
            None => ["127.0.0.1", "::1", "localhost"].contains(&host.as_str()),
            Some("none") => true,
            Some("required") => false,
            Some(_) => return Err("mail.url says tls=, which is none or required".to_owned()),
        };
        let (tls, port) = match url.scheme() {
            "smtps" => (Tls::Whole, 465),
            "smtp" if plain => (Tls::None, 25),
            "smtp" => (Tls::Upgrade, 587),
            _ => return Err("mail.url must begin with smtp:// or smtps://".to_owned()),
        };
        let login = url.password().map(|password| (decoded(url.username()), SecretString::from(decoded(password))));
        Ok(Server { host, port: url.port().unwrap_or(port), tls, login })
    }
}

fn decoded(text: &str) -> String {
    let bytes = text.as_bytes();
    let (mut out, mut i) = (Vec::new(), 0);
    while i < bytes.len() {
        let hex = (bytes[i] == b'%').then(|| text.get(i + 1..i + 3)).flatten();
        let byte = hex.and_then(|hex| u8::from_str_radix(hex, 16).ok());
        out.push(byte.unwrap_or(bytes[i]));
        i += if byte.is_some() { 3 } else { 1 };
    }
    String::from_utf8_lossy(&out).into_owned()
}

/// Sends letters through a server, from one address.
#[derive(Clone, Debug)]
pub struct Smtp {
    server: Server,
    from: Address,
    roots: Vec<Certificate>,
}

impl Smtp {
    /// Letters come from `from`, under each tenant's own name.
    ///
    /// # Errors
    /// When that is no address.
    pub fn new(server: Server, from: &str) -> Result<Smtp, String> {
        let from = from.parse().map_err(|_| "mail.from must be an address such as orders@shop.example".to_owned())?;
        Ok(Smtp { server, from, roots: Vec::new() })
    }

    /// The same, believing certificates of these authorities (PEM) beside the public ones.
    ///
    /// # Errors
    /// When there is no certificate in it.
    pub fn trusting(self, pem: &[u8]) -> Result<Smtp, String> {
        let none = || "mail.ca holds no certificate in PEM (-----BEGIN CERTIFICATE-----)".to_owned();
        let named = pem.windows(17).any(|window| window == b"BEGIN CERTIFICATE");
        let root = Certificate::from_pem(pem).ok().filter(|_| named).ok_or_else(none)?;
        let smtp = Smtp { roots: vec![root], ..self };
        smtp.keys().map_err(|_| none())?;
        Ok(smtp)
    }

    fn keys(&self) -> PortResult<TlsParameters> {
        let builder = TlsParameters::builder(self.server.host.clone());
        let builder = self.roots.iter().cloned().fold(builder, |builder, root| builder.add_root_certificate(root));
        builder.build().map_err(|e| PortError::Auth(format!("TLS cannot be set up: {e}")))
    }

    async fn connect(&self) -> PortResult<AsyncSmtpConnection> {
        let Server { host, port, tls, login } = &self.server;
        let hello = ClientId::Domain(self.from.domain().to_owned());
        let whole = if *tls == Tls::Whole { Some(self.keys()?) } else { None };
        let connecting = AsyncSmtpConnection::connect_tokio1((host.as_str(), *port), Some(ANSWER), &hello, whole, None);
        let mut connection = answered(connecting).await?;
        if *tls == Tls::Upgrade {
            if !connection.can_starttls() {
                return Err(PortError::Auth(NO_STARTTLS.to_owned()));
            }
            answered(connection.starttls(self.keys()?, &hello)).await?;
        }
        if let Some((user, password)) = login {
            let login = Credentials::new(user.clone(), password.expose_secret().to_owned());
            let done = answered(connection.auth(DEFAULT_MECHANISMS, &login)).await;
            done.map_err(|error| match error {
                PortError::Invalid(said) => PortError::Auth(format!("the mail server does not know us: {said}")),
                other => other,
            })?;
        }
        Ok(connection)
    }

    fn letter(&self, mail: &Mail) -> PortResult<(Envelope, Vec<u8>)> {
        let bad = |what: &str| PortError::Invalid(format!("{what} cannot be written into a letter"));
        let to: Address = mail.to.parse().map_err(|_| bad("the recipient's address"))?;
        let mut letter = Message::builder()
            .from(Mailbox::new(Some(mail.from_name.clone()), self.from.clone()))
            .to(Mailbox::new(None, to.clone()))
            .subject(mail.subject.split_whitespace().collect::<Vec<_>>().join(" "))
            .message_id(Some(format!("<{}@{}>", mail.id, self.from.domain())))
            .date(UNIX_EPOCH + Duration::from_micros(u64::try_from(mail.at.0).unwrap_or(0)))
            .raw_header(HeaderValue::new(
                HeaderName::new_from_ascii_str("Auto-Submitted"),
                "auto-generated".to_owned(),
            ));
        if let Some(reply_to) = &mail.reply_to {
            letter = letter.reply_to(Mailbox::new(None, reply_to.parse().map_err(|_| bad("the address for answers"))?));
        }
        let body = MultiPart::alternative_plain_html(mail.text.clone(), mail.html.clone());
        let letter = letter.multipart(body).map_err(|_| bad("the text"))?;
        let envelope = Envelope::new(Some(self.from.clone()), vec![to]).map_err(|_| bad("the envelope"))?;
        Ok((envelope, letter.formatted()))
    }
}

#[async_trait]
impl Mailer for Smtp {
    async fn offer(&self, mail: &Mail) -> PortResult<Box<dyn Offered>> {
        let (envelope, bytes) = self.letter(mail)?;
        let mut connection = self.connect().await?;
        let mut options = Vec::new();
        if envelope.to().iter().any(|to| !<Address as AsRef<str>>::as_ref(to).is_ascii()) {
            if !connection.server_info().supports_feature(Extension::SmtpUtfEight) {
                return Err(PortError::Invalid("the mail server takes no addresses beyond ASCII".to_owned()));
            }
            options.push(MailParameter::SmtpUtfEight);
        }
        if !bytes.is_ascii() && connection.server_info().supports_feature(Extension::EightBitMime) {
            options.push(MailParameter::Body(MailBodyParameter::EightBitMime));
        }
        answered(connection.command(MailFrom::new(envelope.from().cloned(), options))).await?;
        for to in envelope.to() {
            answered(connection.command(Rcpt::new(to.clone(), Vec::new()))).await?;
        }
        answered(connection.command(Data)).await?;
        Ok(Box::new(Waiting { connection, bytes }))
    }
}

struct Waiting {
    connection: AsyncSmtpConnection,
    bytes: Vec<u8>,
}

#[async_trait]
impl Offered for Waiting {
    async fn hand_over(mut self: Box<Self>) -> PortResult<()> {
        match tokio::time::timeout(ANSWER, self.connection.message(&self.bytes)).await {
            Ok(Ok(_)) => {
                // It has the letter; how it takes leave changes nothing.
                let _ = tokio::time::timeout(Duration::from_secs(5), self.connection.quit()).await;
                Ok(())
            }
            Ok(Err(error)) if error.status().is_some() => Err(refused(&error)),
            _ => Err(PortError::Ambiguous("the mail server took the letter and its last answer was lost".to_owned())),
        }
    }
}

/// Nothing was handed over yet: whatever is lost here is no more than a lost attempt.
async fn answered<T>(step: impl Future<Output = Result<T, Error>>) -> PortResult<T> {
    match tokio::time::timeout(ANSWER, step).await {
        Ok(Ok(done)) => Ok(done),
        Ok(Err(error)) => Err(refused(&error)),
        Err(_) => Err(PortError::Transient("the mail server said nothing for a minute".to_owned())),
    }
}

fn refused(error: &Error) -> PortError {
    if let Some(why) = distrust(error) {
        return PortError::Auth(format!(
            "the mail server's certificate is not believed ({why}): mend it, or name its authority in mail.ca"
        ));
    }
    match error.status() {
        // It wants TLS or a login before it hears of any letter.
        Some(code) if u16::from(code) == 530 => {
            PortError::Auth("the mail server wants TLS or a login first (530): see mail.url".to_owned())
        }
        Some(code) if error.is_permanent() => PortError::Invalid(format!("the mail server refused it with {code}")),
        Some(code) => PortError::Transient(format!("the mail server asked to come back later with {code}")),
        None if error.is_tls() => PortError::Transient("no TLS connection to the mail server came about".to_owned()),
        None => PortError::Transient("the mail server could not be reached, or left".to_owned()),
    }
}

/// What TLS has against a server's certificate, if that is what is wrong.
fn distrust(error: &Error) -> Option<String> {
    let mut next = std::error::Error::source(error);
    while let Some(source) = next {
        let text = source.to_string();
        if let Some((_, why)) = text.split_once("invalid peer certificate: ") {
            return Some(why.to_owned());
        }
        next = source.source();
    }
    None
}

/// Where no mail server is set.
#[derive(Clone, Copy, Debug)]
pub struct Unset;

#[async_trait]
impl Mailer for Unset {
    async fn offer(&self, _: &Mail) -> PortResult<Box<dyn Offered>> {
        Err(PortError::Auth("no mail server is set: give mail.url and mail.from".to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_servers_address_is_read_and_a_wrong_one_is_a_sentence_without_the_password() {
        let read = |url: &str| Server::read(&SecretString::from(url.to_owned()));
        let server = read("smtps://us%40er:p%20w@mail.example").expect("read");
        assert_eq!((server.host.as_str(), server.port, server.tls), ("mail.example", 465, Tls::Whole));
        let (user, password) = server.login.expect("a login");
        assert_eq!((user.as_str(), password.expose_secret()), ("us@er", "p w"));
        assert_eq!(read("smtp://mail.example").map(|s| (s.port, s.tls)), Ok((587, Tls::Upgrade)));
        assert_eq!(read("smtp://127.0.0.1:2525").map(|s| (s.port, s.tls)), Ok((2525, Tls::None)));
        assert_eq!(read("smtp://mail.example?tls=none").map(|s| s.tls), Ok(Tls::None));
        assert_eq!(read("smtp://localhost:25?tls=required").map(|s| s.tls), Ok(Tls::Upgrade));
        assert!(read("smtp://mail.example?tls=maybe").is_err_and(|said| said.contains("none or required")));
        for wrong in ["mail.example", "http://user:hidden@mail.example", "smtp://:hidden@"] {
            assert!(!read(wrong).expect_err(wrong).contains("hidden"), "{wrong}");
        }
    }
}
