//! What a transaction tells gets its jobs in the same transaction: [`carry`] is called before the commit, by every job's record and by
//! every route that moves an order. A message that was left without one (by a change that forgot) is taken up by the next call of its
//! tenant, at the latest by `watch_orders`, every hour.

use platen_shared::db::{self, Tx};
use platen_shared::domain::notice::channel;

use crate::deliver_webhook::DeliverWebhook;
use crate::job::Recording;
use crate::registry::{Origin, enqueue};
use crate::send_message::SendMessage;
use crate::workflow::into_db;

/// Messages taken up in one transaction.
const AT_ONCE: i64 = 500;

/// Enqueues what carries the messages that this transaction wrote; nothing to do where it told nothing.
///
/// # Errors
/// Whatever the database says.
pub async fn carry(tx: &mut Tx, origin: &Origin) -> db::Result<()> {
    if !tx.tells() {
        return Ok(());
    }
    for (message, by, attempt) in platen_shared::store::messages::take(tx, origin.tenant, AT_ONCE).await? {
        let done = if by == channel::EMAIL {
            enqueue(tx, origin, &SendMessage { message, attempt }).await
        } else {
            enqueue(tx, origin, &DeliverWebhook { message, attempt }).await
        };
        done.map_err(into_db)?;
    }
    Ok(())
}

/// The same after a job's record.
pub(crate) async fn carry_after(tx: &mut Tx, done: &Recording) -> db::Result<()> {
    carry(tx, &done.follow()).await
}
