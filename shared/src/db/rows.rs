//! Many rows in one argument.

use serde::ser::{Error, Serialize, SerializeMap, Serializer};
use serde_json::value::{RawValue, to_raw_value};
use sqlx::types::Json;

/// `{"0": …, "1": …}`: the one shape that `jsonb_each` opens on both databases. Written once, however many statements it is bound to.
#[derive(Clone, Debug)]
pub struct Rows(Result<Box<RawValue>, String>);

/// Many rows as one argument, for `jsonb_each($n)`.
pub fn rows<T: Serialize>(items: impl IntoIterator<Item = T>) -> Json<Rows> {
    let items = Numbered(items.into_iter().collect());
    Json(Rows(to_raw_value(&items).map_err(|error| error.to_string())))
}

impl Serialize for Rows {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.0.as_ref().map_err(Error::custom)?.serialize(serializer)
    }
}

struct Numbered<T>(Vec<T>);

impl<T: Serialize> Serialize for Numbered<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (n, item) in self.0.iter().enumerate() {
            map.serialize_entry(&n, item)?;
        }
        map.end()
    }
}
