//! E-mail, in two steps: a server that is ready to take a letter, and the handing over. Between the two a caller notes that the letter may
//! be gone, because a lost last answer can be asked of nobody.

use async_trait::async_trait;

use super::PortResult;
use crate::db::At;

/// A letter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mail {
    /// Whom it seems to come from; the address is the installation's.
    pub from_name: String,
    /// An address.
    pub to: String,
    /// Where answers go.
    pub reply_to: Option<String>,
    /// One line.
    pub subject: String,
    /// Plain text.
    pub text: String,
    /// The same as HTML.
    pub html: String,
    /// What `Message-ID` says before its `@`: the same letter has the same, however often it is sent.
    pub id: String,
    /// What `Date` says.
    pub at: At,
}

/// Where letters are handed in.
#[async_trait]
pub trait Mailer: Send + Sync {
    /// Goes to the server, up to the moment at which it waits for the letter itself.
    ///
    /// # Errors
    /// `Invalid` when it does not want the recipient, `Auth` when it does not want us (or none is set), `Transient` for everything else:
    /// nothing was handed over in any of them.
    async fn offer(&self, mail: &Mail) -> PortResult<Box<dyn Offered>>;
}

/// A server that waits for a letter.
#[async_trait]
pub trait Offered: Send {
    /// Hands it over.
    ///
    /// # Errors
    /// `Transient` or `Invalid` when the server said that it did not take it, `Ambiguous` when it said nothing.
    async fn hand_over(self: Box<Self>) -> PortResult<()>;
}
