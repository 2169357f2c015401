//! Ids: UUID v7 inside, TypeIDs outside (`ord_01jd…`): a prefix that says what it names, and 26 base-32 characters.

use std::fmt;
use std::str::FromStr;

use uuid::Uuid;

const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";

/// Why a text is not an id.
#[derive(Debug, thiserror::Error, PartialEq, Eq)]
#[error("this is not an id of the form {0}_ and 26 characters")]
pub struct BadId(pub &'static str);

/// The 26 characters of a TypeID's suffix.
#[must_use]
pub fn encode(id: Uuid) -> String {
    let n = id.as_u128();
    (0..26).rev().map(|place| char::from(ALPHABET[(n >> (place * 5)) as usize & 31])).collect()
}

/// The UUID of a TypeID's suffix; `None` unless it is exactly what [`encode`] writes.
#[must_use]
pub fn decode(text: &str) -> Option<Uuid> {
    if text.len() != 26 || text.as_bytes()[0] > b'7' {
        return None;
    }
    text.bytes()
        .try_fold(0u128, |n, c| Some(n << 5 | ALPHABET.iter().position(|a| *a == c)? as u128))
        .map(Uuid::from_u128)
}

/// Declares an id type: `id!(OrderId, "ord", "An order.")`.
macro_rules! ids {
    ($($name:ident, $prefix:literal, $doc:literal;)*) => {$(
        #[doc = $doc]
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub struct $name(pub Uuid);

        impl $name {
            /// What its text starts with.
            pub const PREFIX: &'static str = $prefix;

            /// A new id; ids of one process sort by the time they were made.
            #[must_use]
            pub fn new() -> Self {
                $name(Uuid::now_v7())
            }
        }

        impl Default for $name {
            fn default() -> Self {
                Self::new()
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                write!(f, concat!($prefix, "_{}"), encode(self.0))
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = BadId;

            fn from_str(text: &str) -> Result<Self, BadId> {
                text.strip_prefix(concat!($prefix, "_")).and_then(decode).map($name).ok_or(BadId($prefix))
            }
        }

        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, s: S) -> Result<S::Ok, S::Error> {
                s.collect_str(self)
            }
        }

        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(d: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<str>::deserialize(d)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }

        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .pattern(Some(concat!("^", $prefix, "_[0-7][0-9a-hjkmnp-tv-z]{25}$")))
                    .into()
            }
        }

        impl utoipa::ToSchema for $name {}

        $crate::db::text_uuid!($name);
    )*};
}

ids! {
    TenantId, "ten", "A tenant: whose work, data and money it is.";
    KeyId, "key", "An API key.";
    ConnectionId, "con", "A tenant's account at an outside system.";
    UploadId, "upl", "An uploaded file.";
    SnapshotId, "snp", "An immutable copy of a design.";
    OrderId, "ord", "An order.";
    ItemId, "itm", "An item of an order.";
    PaymentId, "pay", "A recorded payment.";
    ShipmentId, "shp", "A shipment of an order.";
    JobId, "job", "A job in the ledger.";
    PauseId, "pse", "A pause set by an operator.";
    EntryId, "txn", "A journal entry: lines that sum to zero.";
    RefundId, "rfd", "A refund of an order.";
    BatchId, "pyb", "A batch of payouts.";
    PayoutId, "pyo", "A payout to a party.";
    RateId, "fxr", "An exchange rate.";
    ConversionId, "cnv", "A conversion from one currency into another.";
    NoticeId, "ntc", "Something that somebody is told of.";
    MessageId, "msg", "A notice for one recipient by one channel.";
    EndpointId, "whe", "Where a tenant takes webhooks.";
    IncidentId, "inc", "A time in which a provider was slow or away.";
    WorkOrderId, "wko", "A work order: what a workshop is told to make.";
    OperatorItemId, "opi", "Something that a person must look at.";
    EventId, "evt", "A line of an order's history or of the audit.";
}

/// What a journal entry is about: an order, a payout, a conversion.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Subject(pub Uuid);

crate::db::text_uuid!(Subject);

impl std::str::FromStr for Subject {
    type Err = uuid::Error;

    fn from_str(text: &str) -> Result<Self, uuid::Error> {
        text.parse().map(Subject)
    }
}

macro_rules! subjects {
    ($($id:ident),*) => {$(impl From<$id> for Subject {
        fn from(id: $id) -> Subject {
            Subject(id.0)
        }
    })*};
}
subjects!(OrderId, PayoutId, ConversionId);

impl TenantId {
    /// Whose work concerns no tenant: the installation's own housekeeping.
    pub const INSTALLATION: TenantId = TenantId(Uuid::nil());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_reads_back_what_it_wrote() {
        let id = OrderId::new();
        assert_eq!(id.to_string().parse::<OrderId>(), Ok(id));
        assert_eq!(OrderId(Uuid::max()).to_string(), format!("ord_7{}", "z".repeat(25)));
    }

    #[test]
    fn a_foreign_prefix_or_a_changed_letter_is_refused() {
        let id = OrderId::new().to_string();
        assert!(id.parse::<JobId>().is_err());
        assert!(id.to_uppercase().parse::<OrderId>().is_err());
        assert!(format!("ord_8{}", "0".repeat(25)).parse::<OrderId>().is_err(), "over 128 bits");
    }
}
