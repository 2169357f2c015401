//! Payouts as a CSV file that a bank's front takes, kept among the tenant's files: the same batch is the same bytes, and so the same file.

use async_trait::async_trait;

use crate::domain::statement::amount as decimal;
use crate::id::{BatchId, TenantId};
use crate::ports::blobs::Blobs;
use crate::ports::payout::{PayoutRail, Sent, Transfer};
use crate::ports::{PortError, PortResult};

/// The files of this installation.
#[derive(Clone, Debug)]
pub struct CsvRail {
    /// Where they are kept.
    pub blobs: Blobs,
}

#[async_trait]
impl PayoutRail for CsvRail {
    async fn send(&self, tenant: TenantId, batch: BatchId, transfers: &[Transfer]) -> PortResult<Sent> {
        let bytes = file(batch, transfers).map_err(|error| PortError::Invalid(error.to_string()))?;
        let kept = self.blobs.put(tenant, bytes.into()).await;
        let file = kept.map_err(|error| PortError::Transient(format!("the file could not be kept: {error}")))?;
        Ok(Sent { file: Some(file) })
    }
}

/// The file's bytes.
fn file(batch: BatchId, transfers: &[Transfer]) -> csv::Result<Vec<u8>> {
    let mut out = csv::Writer::from_writer(Vec::new());
    out.write_record(["batch", "payout", "party", "name", "to", "amount", "currency"])?;
    for Transfer { id, party, name, to, amount } in transfers {
        let (batch, id) = (batch.to_string(), id.to_string());
        let record = [&batch, &id, party, &harmless(name), &harmless(to), &decimal(*amount), amount.currency.code()];
        out.write_record(record.map(AsRef::<str>::as_ref))?;
    }
    out.into_inner().map_err(|error| csv::Error::from(error.into_error()))
}

/// Spreadsheets take a cell that begins like a formula for one.
#[must_use]
pub fn harmless(text: &str) -> String {
    if text.starts_with(['=', '+', '-', '@', '\t', '\r']) { format!("'{text}") } else { text.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::money::Money;
    use crate::id::PayoutId;

    #[test]
    fn a_batch_is_a_row_per_payout_and_the_same_bytes_twice() {
        let amount = Money { minor: 1234, currency: "JPY".parse().expect("JPY") };
        let transfer = |party: &str, name: &str, amount| Transfer {
            id: PayoutId(uuid::Uuid::nil()),
            party: party.to_owned(),
            name: name.to_owned(),
            to: "FR76 3000".to_owned(),
            amount,
        };
        let cents = Money { currency: "EUR".parse().expect("EUR"), ..amount };
        let transfers = [transfer("ada", "Lovelace, \"Ada\"", cents), transfer("bo", "=HYPERLINK(1)", amount)];
        let batch = BatchId(uuid::Uuid::nil());
        let text = String::from_utf8(file(batch, &transfers).expect("a file")).expect("text");
        let lines: Vec<&str> = text.lines().collect();
        assert_eq!(lines[0], "batch,payout,party,name,to,amount,currency");
        assert!(lines[1].ends_with(r#",ada,"Lovelace, ""Ada""",FR76 3000,12.34,EUR"#), "{text}");
        assert!(lines[2].ends_with(",bo,'=HYPERLINK(1),FR76 3000,1234,JPY"), "{text}");
        assert_eq!(file(batch, &transfers).expect("a file"), text.into_bytes());
        assert!(!format!("{:?}", transfers[0]).contains("3000"), "where somebody is paid is never logged");
    }
}
