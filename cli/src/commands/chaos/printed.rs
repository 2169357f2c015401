//! What the printer did for an order, by its own count: drafts made, released, deleted.

use std::time::Duration;

use platen_shared::id::OrderId;
use platen_sim::gelato::{Effect, EffectFilter};

use super::scene::Scene;

/// It answers at once, unless it never did anything.
const PATIENCE: Duration = Duration::from_millis(100);

/// A line for each effect that it still knows of (the last ten thousand), in the time of attempts.
pub(super) async fn story(scene: &Scene, order: OrderId) -> Vec<String> {
    let filter = EffectFilter { reference_prefix: Some(order.to_string()), ..EffectFilter::default() };
    let effects = scene.printer.wait_effects(&filter, PATIENCE).await;
    let line = |effect: &Effect| {
        format!("the printer: {:?} of {} at {}", effect.op, effect.order_id, scene.wall(effect.at.into()))
    };
    effects.iter().map(line).collect()
}
