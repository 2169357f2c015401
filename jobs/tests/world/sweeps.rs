//! What sweeps find at the printer: drafts that somebody left there.

use platen_shared::ports::provider::{OrderRequest, PrintProvider, RequestItem, Staged};
use std::sync::Arc;

use crate::world::World;

const MUG: &str = "mug_product_msz_11-oz_mmat_ceramic-white_cl_4-0";

/// The tenant's account.
pub(crate) async fn account(world: &World) -> Arc<dyn PrintProvider> {
    world.ports.providers.open(world.tenant, "gelato").await.unwrap()
}

/// Leaves a draft of one mug at the printer under a reference.
pub(crate) async fn park(world: &World, reference: &str) -> Staged {
    let recipient = serde_json::json!({
        "firstName": "Zoë", "lastName": "Lenoir", "addressLine1": "12 rue des Lilas", "city": "Lyon", "postCode": "69003", "country": "FR",
        "email": "zoe@example.org" });
    let order = OrderRequest {
        reference: reference.to_owned(),
        customer: "c".into(),
        currency: "EUR".parse().unwrap(),
        items: vec![RequestItem {
            reference: "i".into(),
            uid: MUG.into(),
            quantity: 1,
            files: vec![("default".into(), "https://files.example/p.png".into())],
        }],
        recipient: serde_json::from_value(recipient).unwrap(),
        metadata: Vec::new(),
    };
    let provider = account(world).await;
    let quotes = provider.quote(&order).await.unwrap();
    provider.stage(&order, &quotes[0].methods[0].uid).await.unwrap()
}
