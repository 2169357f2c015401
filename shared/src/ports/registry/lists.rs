//! Registries of holders that need nothing outside: a list, and a CSV file. One that asks a chain is an adapter.

use std::collections::BTreeSet;

use async_trait::async_trait;
use serde::Deserialize;

use super::{HolderRegistry, Holdings, Unit};
use crate::domain::money::{BPS_WHOLE, MINOR_MAX};
use crate::domain::terms::{HOLDERS_MAX, Holding, is_party};
use crate::ports::{PortError, PortResult};

/// A list as it was written.
#[derive(Clone, Debug)]
pub struct StaticList {
    /// What weights are counted in.
    pub unit: Unit,
    /// Who.
    pub holders: Vec<Holding>,
}

/// A CSV file with the columns `party` and `weight`, as exported by whoever counts tokens.
#[derive(Clone, Debug)]
pub struct CsvFile {
    /// What weights are counted in.
    pub unit: Unit,
    /// The file.
    pub text: String,
}

#[async_trait]
impl HolderRegistry for StaticList {
    async fn holdings(&self) -> PortResult<Holdings> {
        checked(Holdings { unit: self.unit, source: "static", holders: self.holders.clone() })
    }
}

#[async_trait]
impl HolderRegistry for CsvFile {
    async fn holdings(&self) -> PortResult<Holdings> {
        #[derive(Deserialize)]
        struct Row {
            party: String,
            weight: i64,
        }
        let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(self.text.as_bytes());
        let mut holders = Vec::new();
        for (n, row) in reader.deserialize::<Row>().enumerate() {
            // The reader's own words would repeat what the file says.
            let wrong = |_| {
                let text = format!("row {} of the CSV is not a party and a whole number under `party,weight`", n + 1);
                PortError::Invalid(text)
            };
            let Row { party, weight } = row.map_err(wrong)?;
            holders.push(Holding { party, weight });
        }
        checked(Holdings { unit: self.unit, source: "csv", holders })
    }
}

/// What every registry's list must be.
fn checked(held: Holdings) -> PortResult<Holdings> {
    let wrong = |text: &str| Err(PortError::Invalid(text.to_owned()));
    let names: BTreeSet<&str> = held.holders.iter().map(|holder| holder.party.as_str()).collect();
    let whole: i128 = held.holders.iter().map(|holder| i128::from(holder.weight)).sum();
    if held.holders.is_empty() || held.holders.len() > HOLDERS_MAX {
        return wrong("a list has 1 to 10,000 holders");
    }
    if held.holders.iter().any(|holder| !is_party(&holder.party)) {
        return wrong("a holder's name takes 1 to 40 of a-z, 0-9 and the hyphen");
    }
    if names.len() != held.holders.len() {
        return wrong("a holder stands in the list twice");
    }
    if held.holders.iter().any(|holder| !(0..=MINOR_MAX).contains(&holder.weight)) {
        return wrong("a weight is between 0 and 2^53 - 1");
    }
    match held.unit {
        Unit::Bps if whole != i128::from(BPS_WHOLE) => wrong("basis points must sum to exactly 10,000"),
        Unit::Tokens if whole == 0 => wrong("nobody holds a token"),
        _ => Ok(held),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    async fn csv(unit: Unit, text: &str) -> Result<Vec<(String, i64)>, String> {
        let held = CsvFile { unit, text: text.to_owned() }.holdings().await;
        let pairs = |held: Holdings| held.holders.into_iter().map(|h| (h.party, h.weight)).collect();
        held.map(pairs).map_err(|error| error.to_string())
    }

    #[tokio::test]
    async fn a_csv_reads_as_written() {
        let read = csv(Unit::Tokens, "party, weight\nada, 12\n\"bo\",0\r\n").await;
        assert_eq!(read, Ok(vec![("ada".to_owned(), 12), ("bo".to_owned(), 0)]));
        let swapped = csv(Unit::Bps, "weight,note,party\n9999,x,ada\n1,,bo\n").await;
        assert_eq!(swapped, Ok(vec![("ada".to_owned(), 9999), ("bo".to_owned(), 1)]));
    }

    #[tokio::test]
    async fn lists_that_cannot_be_right_are_refused_with_a_sentence() {
        for (unit, text, sentence) in [
            (Unit::Bps, "party,weight\nada,9999\n", "basis points must sum to exactly 10,000"),
            (Unit::Bps, "party,weight\nada,10001\n", "basis points must sum to exactly 10,000"),
            (Unit::Tokens, "party,weight\nada,0\n", "nobody holds a token"),
            (Unit::Tokens, "party,weight\n", "a list has 1 to 10,000 holders"),
            (Unit::Tokens, "party,weight\nada,1\nada,2\n", "a holder stands in the list twice"),
            (Unit::Tokens, "party,weight\nada,-1\n", "a weight is between 0 and 2^53 - 1"),
            (Unit::Tokens, "party,weight\nADA,1\n", "a holder's name takes 1 to 40 of a-z, 0-9 and the hyphen"),
            (
                Unit::Tokens,
                "party,weight\nada,1\nbo,1.5\n",
                "row 2 of the CSV is not a party and a whole number under `party,weight`",
            ),
            (Unit::Tokens, "ada,1\n", "a list has 1 to 10,000 holders"),
        ] {
            assert_eq!(csv(unit, text).await, Err(sentence.to_owned()), "{text}");
        }
        let whole = StaticList { unit: Unit::Bps, holders: vec![Holding { party: "ada".into(), weight: 10_000 }] };
        assert_eq!(whole.holdings().await.map(|held| held.source), Ok("static"));
    }
}
