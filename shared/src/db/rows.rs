//! Many rows in one argument.

use serde::ser::{Serialize, SerializeMap, Serializer};
use sqlx::types::Json;

/// `{"0": …, "1": …}`: the one shape that `jsonb_each` opens on both databases.
#[derive(Clone, Debug)]
pub struct Rows<T>(Vec<T>);

/// Many rows as one argument, for `jsonb_each($n)`.
pub fn rows<T: Serialize>(items: impl IntoIterator<Item = T>) -> Json<Rows<T>> {
    Json(Rows(items.into_iter().collect()))
}

impl<T: Serialize> Serialize for Rows<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (n, item) in self.0.iter().enumerate() {
            map.serialize_entry(&n, item)?;
        }
        map.end()
    }
}
