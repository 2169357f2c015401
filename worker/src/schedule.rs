//! Fires what is due: schedules of tenants, and the cron lines of the configuration. Replicas may all try: moving on is a compare and
//! set, and a job's key is (schedule, fire time). However many times were missed, one job makes up for them.

mod lines;

use anyhow::{Context, Result};
use platen_jobs::{Origin, enqueue_by_kind, find};
use platen_shared::ledger::Ledger;
use platen_shared::ledger::schedules::{Schedule, advance, next_after, note_job};
use serde_json::Value;

/// Fires everything whose time has come. What fails is logged and stays due.
///
/// # Errors
/// When the database cannot be asked what is due.
pub async fn tick(ledger: &Ledger) -> Result<()> {
    for schedule in ledger.due_schedules(ledger.now()).await? {
        if let Err(error) = fire_one(ledger, &schedule).await {
            tracing::error!(tenant = %schedule.tenant, schedule = %schedule.name, %error, "schedule {} did not fire", schedule.name);
        }
    }
    lines::tick(ledger).await
}

async fn fire_one(ledger: &Ledger, schedule: &Schedule) -> Result<()> {
    let now = ledger.now();
    let entry = find(&schedule.kind).with_context(|| format!("there is no kind {}", schedule.kind))?;
    let next = next_after(&schedule.cron, &schedule.zone, now)?;
    let mut tx = ledger.db.begin("fire").await?;
    if !advance(&mut tx, schedule, now, next).await? {
        return Ok(());
    }
    let key = format!("schedule:{}:{}", schedule.name, schedule.next_fire);
    let payload = filled(&schedule.payload, &schedule.next_fire.to_string());
    let origin = Origin { tenant: schedule.tenant, now, run_at: now, priority: 0, correlation_id: key.clone() };
    let job = enqueue_by_kind(&mut tx, &origin, entry, &payload, Some(key)).await?.id();
    note_job(&mut tx, schedule, job).await?;
    tx.commit().await?;
    Ok(())
}

/// The payload with its fire time wherever it says `{fire}`.
fn filled(payload: &Value, fire: &str) -> Value {
    match payload {
        Value::String(text) => Value::String(text.replace("{fire}", fire)),
        Value::Array(items) => items.iter().map(|item| filled(item, fire)).collect(),
        Value::Object(fields) => fields.iter().map(|(name, value)| (name.clone(), filled(value, fire))).collect(),
        other => other.clone(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn the_fire_time_fills_its_place() {
        let payload =
            json!({ "provider": "gelato", "generation": "nightly {fire}", "deep": [{ "n": 1, "at": "{fire}" }] });
        let expected = json!({ "provider": "gelato", "generation": "nightly T", "deep": [{ "n": 1, "at": "T" }] });
        assert_eq!(filled(&payload, "T"), expected);
    }
}
