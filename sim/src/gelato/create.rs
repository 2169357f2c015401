//! `POST /v4/orders`: one call, one draft (or order) per facility.

use std::sync::Arc;

use axum::http::StatusCode;
use serde_json::Value;

use super::app::{App, World};
use super::faults::{FaultKind, Op, ReferencePolicy, Subject};
use super::order::{Failure, Item, Order, Quirks, Visible};
use super::plan::{self, Part};
use super::reply::{Refusal, Reply};
use super::validate::{Form, Parsed, parse};
use super::{files, render, shipping};
use crate::{dice, lock};

pub(crate) async fn create(app: &Arc<App>, subject: &Subject, account: &str, body: &Value) -> Result<Reply, Refusal> {
    let parsed = parse(body, Form::Create)?;
    let mut items = plan::items(app, &parsed, true)?;
    if parsed.draft {
        // A draft proves that the links answer, and nothing about what they hold.
        let links = items.iter_mut().flat_map(|item| &mut item.files).filter(|f| !f.url.is_empty());
        if let Some(problem) = files::fetch_all(app, subject, links.collect()).await {
            return Err(Refusal::bad("file_not_reachable", problem));
        }
    }
    reprice(app, subject, &parsed, &mut items);
    let force = app.fault(subject, |k| matches!(k, FaultKind::ForceSplit).then_some(())).is_some();
    let parts = plan::split(app, items, &parsed.country, force);
    let twist = Twist::draw(app, subject, parsed.draft);
    let mut world = lock(&app.world);
    if let Some(reply) = repeated(app, &world, subject, account, &parsed.reference, twist.policy)? {
        return Ok(reply);
    }
    let orders = build(app, &world, account, &parsed, parts, &twist);
    let ids: Vec<String> = orders.iter().map(|order| order.id.clone()).collect();
    let reply = orders.first().map_or(Value::Null, |first| render::order(app, first));
    app.commit(&mut world, Op::Create, orders)?;
    world.keep_asked(body);
    drop(world);
    if !parsed.draft {
        files::start(app, Op::Create, &ids);
    }
    Ok(Reply::ok(reply))
}

/// What the faults make of this create call.
struct Twist {
    policy: ReferencePolicy,
    fallback: bool,
    failure: Option<Failure>,
    quirks: Quirks,
    lag: (u64, u64),
}

impl Twist {
    fn draw(app: &App, subject: &Subject, draft: bool) -> Twist {
        let policy = app.fault(subject, |k| match k {
            FaultKind::Reference { policy } => Some(*policy),
            _ => None,
        });
        let failure = if draft { None } else { failure(&mut lock(&app.world), subject) };
        Twist {
            policy: policy.unwrap_or(app.config.reference_policy),
            fallback: app.fault(subject, |k| matches!(k, FaultKind::FallbackDelivery).then_some(())).is_some(),
            failure,
            quirks: Quirks {
                hold_s: app.fault(subject, |k| match k {
                    FaultKind::Hold { virtual_seconds } => Some(*virtual_seconds),
                    _ => None,
                }),
                late_package_s: app.fault(subject, |k| match k {
                    FaultKind::TwoPackages { late_seconds } => Some(*late_seconds),
                    _ => None,
                }),
                stuck_at: app.fault(subject, |k| match k {
                    FaultKind::Stuck { status } => Some(status.clone()),
                    _ => None,
                }),
                returned: app.fault(subject, |k| matches!(k, FaultKind::Returned).then_some(())).is_some(),
                untracked: app.fault(subject, |k| matches!(k, FaultKind::Untracked).then_some(())).is_some(),
                delay_days: app.fault(subject, |k| match k {
                    FaultKind::Delay { days } => Some(*days),
                    _ => None,
                }),
            },
            lag: app
                .fault(subject, |k| match k {
                    FaultKind::SearchLag { virtual_seconds, real_ms } => Some((*virtual_seconds, *real_ms)),
                    _ => None,
                })
                .unwrap_or_default(),
        }
    }
}

/// The failure a released order is to meet, if that fault is on.
pub(crate) fn failure(world: &mut World, subject: &Subject) -> Option<Failure> {
    let comment = world.faults.take(subject, |k| match k {
        FaultKind::FailUploading { comment } => Some(comment.clone()),
        _ => None,
    })?;
    Some(Failure { code: "file_processing_failed".to_owned(), comment })
}

fn reprice(app: &App, subject: &Subject, parsed: &Parsed, items: &mut [Item]) {
    let factor = app.fault(subject, |k| match k {
        FaultKind::PriceFactor { permille } => Some(*permille),
        _ => None,
    });
    for item in items {
        if let Some(permille) = factor {
            item.price = item.price.scale(permille, 1000).chargeable(&parsed.currency);
        }
    }
}

/// The answer to a reference that is already known, when it is not "one more".
fn repeated(
    app: &App,
    world: &World,
    subject: &Subject,
    account: &str,
    reference: &str,
    policy: ReferencePolicy,
) -> Result<Option<Reply>, Refusal> {
    let live = world
        .of_reference(account, reference)
        .find(|order| !matches!(app.standing(order).status, "failed" | "canceled"));
    match (policy, live) {
        (ReferencePolicy::Replay, Some(order)) => Ok(Some(Reply::ok(render::order(app, order)))),
        (ReferencePolicy::Conflict, Some(_)) => {
            tracing::debug!(op = ?subject.op, "repeated reference refused");
            let message = "An order with this orderReferenceId already exists.";
            Err(Refusal::new(StatusCode::CONFLICT, "order_reference_already_exists", message))
        }
        _ => Ok(None),
    }
}

fn build(app: &App, world: &World, account: &str, parsed: &Parsed, parts: Vec<Part>, twist: &Twist) -> Vec<Order> {
    let (now, first, group) = (app.now(), world.next_seq(), world.next_group());
    let id_of = |seq: u64| dice::id(app.config.seed, &format!("order/{seq}/{}", parsed.reference));
    let count = parts.len() as u64;
    let connected: Vec<String> = if count > 1 { (first..first + count).map(id_of).collect() } else { Vec::new() };
    let (lag_virtual, lag_real) = twist.lag;
    let from = now.saturating_add(jiff::SignedDuration::from_secs(i64::try_from(lag_virtual).unwrap_or(0)));
    let visible = Visible {
        from: from.unwrap_or(now),
        real_ms: u64::try_from(app.config.clock.real_elapsed().as_millis()).unwrap_or(0) + lag_real,
    };
    (first..)
        .zip(parts)
        .map(|(seq, mut part)| {
            let id = id_of(seq);
            for (i, item) in part.items.iter_mut().enumerate() {
                item.id = dice::id(app.config.seed, &format!("item/{id}/{i}"));
            }
            let offered = shipping::methods(&parsed.country, part.grams(), &parsed.currency);
            let mut method = if twist.fallback {
                shipping::fallback()
            } else {
                shipping::choose(&offered, parsed.method.as_deref())
            };
            method.tracked &= !twist.quirks.untracked;
            Order {
                seq,
                id,
                group,
                method,
                account: account.to_owned(),
                connected: connected.clone(),
                reference: parsed.reference.clone(),
                customer_reference: parsed.customer_reference.clone(),
                currency: parsed.currency.clone(),
                country: parsed.country.clone(),
                address: parsed.address.clone(),
                return_address: parsed.return_address.clone(),
                metadata: parsed.metadata.clone(),
                facility: part.facility,
                items: part.items,
                created_at: now,
                visible: visible.clone(),
                released_at: (!parsed.draft).then_some(now),
                canceled_at: None,
                deleted_at: None,
                preflighted: false,
                failure: twist.failure.clone(),
                quirks: twist.quirks.clone(),
            }
        })
        .collect()
}
