//! Taking away what was told long ago: notices with their messages and every attempt to deliver them. What is still owed stays, and so does
//! whatever is about an order that is still on its way: its keys are the memory of what must not be told twice.

use serde_json::json;

use crate::db::{At, Result, Tx, rows};
use crate::id::{MessageId, NoticeId, TenantId};
use crate::sql;

/// Deletes up to `n` of a tenant's notices from before a moment, oldest first, all of whose messages came to their end before it as well.
/// Answers how many notices went.
///
/// # Errors
/// Whatever the database says.
pub async fn forget(tx: &mut Tx, tenant: TenantId, before: At, n: i64) -> Result<u64> {
    let old: Vec<(NoticeId,)> = tx
        .query(sql!(
            "SELECT n.id FROM notices n WHERE n.tenant = $1 AND n.at < $2
               AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.tenant = n.tenant AND m.notice = n.id
                 AND (m.ended_at IS NULL OR m.ended_at >= $2))
               AND NOT EXISTS (SELECT 1 FROM orders o WHERE o.tenant = n.tenant AND o.id = n.order_id
                 AND o.state NOT IN ('delivered', 'closed', 'cancelled', 'failed'))
             ORDER BY n.at, n.id LIMIT $3"
        ))
        .bind(tenant)
        .bind(before)
        .bind(n)
        .all()
        .await?;
    if old.is_empty() {
        return Ok(0);
    }
    let notices = rows(old.into_iter().map(|(id,)| json!({ "i": id.0 })));
    // One that a person asked for again in the meantime is owed, and stays with its notice.
    let ended: Vec<(MessageId,)> = tx
        .query(sql!(
            "DELETE FROM messages WHERE tenant = $1 AND ended_at < $2 AND notice IN (
               SELECT /*pg CAST( */ value->>'i' /*pg AS UUID) */ FROM jsonb_each($3)) RETURNING id"
        ))
        .bind(tenant)
        .bind(before)
        .bind(notices.clone())
        .all()
        .await?;
    tx.query(sql!(
        "DELETE FROM deliveries WHERE tenant = $1 AND message IN (
           SELECT /*pg CAST( */ value->>'i' /*pg AS UUID) */ FROM jsonb_each($2))"
    ))
    .bind(tenant)
    .bind(rows(ended.into_iter().map(|(id,)| json!({ "i": id.0 }))))
    .exec()
    .await?;
    tx.query(sql!(
        "DELETE FROM notices WHERE tenant = $1
           AND id IN (SELECT /*pg CAST( */ value->>'i' /*pg AS UUID) */ FROM jsonb_each($2))
           AND NOT EXISTS (SELECT 1 FROM messages m WHERE m.tenant = notices.tenant AND m.notice = notices.id)"
    ))
    .bind(tenant)
    .bind(notices)
    .exec()
    .await
}
