//! What is asked of a printer for an order: items, links to their files, the recipient, and what is noted beside it.

use platen_shared::domain::address::Recipient;
use platen_shared::ports::PortError;
use platen_shared::ports::links::PROVIDER_TTL;
use platen_shared::ports::press::Printer;
use platen_shared::ports::provider::{OrderRequest, RequestItem};
use platen_shared::store::artefacts::StoredFile;
use platen_shared::store::orders::{Item, Order};

use crate::job::{Ctx, Failure};
use crate::production::item_file;

/// Pairs and characters of metadata that every printer takes.
const METADATA_PAIRS_MAX: usize = 20;
const METADATA_CHARS_MAX: usize = 100;

/// The request, from frozen rows and stored files; the recipient is opened only here.
pub(crate) fn request(ctx: &Ctx, order: &Order, items: &[Item], files: &[StoredFile]) -> Result<OrderRequest, Failure> {
    let bound = format!("{}:{}", order.tenant, order.id);
    let opened = ctx.ports.links.keyring().open(&order.recipient, &bound).map_err(|e| Failure::fatal("sealed", e))?;
    let recipient: Recipient = serde_json::from_str(&opened).map_err(|e| Failure::fatal("bug", e))?;
    let audience = format!("{}:{}", items.first().map_or("", |item| item.provider.as_str()), order.id);
    let mut wanted = Vec::new();
    for item in items {
        let mut links = Vec::new();
        let sends = ctx.ports.press.sends(Printer { provider: &item.provider, uid: &item.provider_uid })?;
        for (zone, area) in &item.placements.0 {
            let file = print_file(files, item, zone, sends)?;
            links.push((
                area.clone(),
                ctx.ports.links.link_for(
                    ctx.wall(),
                    ctx.tenant,
                    (&file.sha256, &file.media_type),
                    PROVIDER_TTL,
                    &audience,
                ),
            ));
        }
        let quantity = u32::try_from(item.quantity).map_err(|e| Failure::fatal("bug", e))?;
        wanted.push(RequestItem {
            reference: item.id.to_string(),
            uid: item.provider_uid.clone(),
            quantity,
            files: links,
        });
    }
    Ok(OrderRequest {
        reference: order.id.to_string(),
        customer: order.number.clone(),
        currency: order.currency,
        items: wanted,
        recipient,
        metadata: metadata(order, items),
    })
}

/// What is sent of a zone of an item: the file of this ending.
pub(crate) fn print_file<'f>(
    files: &'f [StoredFile],
    item: &Item,
    zone: &str,
    ending: &str,
) -> Result<&'f StoredFile, PortError> {
    let name = item_file(item.position, &format!("{zone}.{ending}"));
    let file = files.iter().find(|file| file.name == name);
    file.ok_or_else(|| PortError::Invalid(format!("item {} has no print file for its zone {zone}", item.position + 1)))
}

/// What people and programs at the printer may want to know, within the narrowest limits of all printers: whose order it is, what was
/// specified, how it is packed (from the terms frozen at sale), and of which design each item is.
fn metadata(order: &Order, items: &[Item]) -> Vec<(String, String)> {
    let mut creators: Vec<&str> = items.iter().map(|item| item.revenue.creator.as_str()).collect();
    creators.sort_unstable();
    creators.dedup();
    let mut pairs = vec![
        ("order".to_owned(), order.id.to_string()),
        ("number".to_owned(), order.number.clone()),
        ("revision".to_owned(), order.revision.clone()),
        ("creator".to_owned(), creators.join(",")),
    ];
    if let Some(tier) = &order.terms.packaging {
        pairs.push(("packaging".to_owned(), tier.name.clone()));
        pairs.extend(tier.design.clone().map(|design| ("packagingDesign".to_owned(), design)));
    }
    pairs.extend(items.iter().map(|item| (format!("spec.{}", item.position + 1), item.spec_hash.clone())));
    pairs.retain(|(_, value)| !value.is_empty());
    pairs.truncate(METADATA_PAIRS_MAX);
    for (_, value) in &mut pairs {
        *value = value.chars().take(METADATA_CHARS_MAX).collect();
    }
    pairs
}

#[cfg(test)]
mod tests {
    use platen_shared::db::Json;
    use platen_shared::domain::revenue::RevenueTerms;
    use platen_shared::id::TenantId;
    use platen_shared::testing::rows;

    use super::*;

    fn item(position: i64, creator: &str) -> Item {
        let revenue = Json(RevenueTerms { creator: creator.into(), ..RevenueTerms::default() });
        Item { position, revenue, spec_hash: "ab".repeat(32), ..rows::item() }
    }

    #[test]
    fn metadata_names_the_order_first_and_stays_within_the_limits() {
        let order = rows::order(TenantId::new(), "A-1001-XK");
        let items: Vec<Item> = (0..40).map(|n| item(n, &format!("a-creator-with-a-long-name-{n}"))).collect();
        let pairs = metadata(&order, &items);
        assert_eq!(pairs.len(), METADATA_PAIRS_MAX);
        assert_eq!(pairs[0], ("order".to_owned(), order.id.to_string()));
        assert!(pairs.iter().all(|(key, value)| (1..=100).contains(&key.len()) && (1..=100).contains(&value.len())));
        let few = metadata(&order, &[item(0, "ada"), item(1, "ada")]);
        let names: Vec<&str> = few.iter().map(|(key, _)| key.as_str()).collect();
        assert_eq!(names, ["order", "number", "revision", "creator", "spec.1", "spec.2"]);
        assert_eq!(few[3].1, "ada", "said once");
    }
}
