//! Payouts: a batch is put together by one key, approved by another, sent by a job, and settled by what the bank says.

use axum::Json;
use axum::http::{HeaderMap, Method};
use axum::response::Response;
use platen_jobs::send_payouts::SendPayouts;
use platen_shared::db::{At, Source, Tx};
use platen_shared::domain::money::{Currency, Money};
use platen_shared::id::{BatchId, JobId, PayoutId};
use platen_shared::store::artefacts::StoredFile;
use platen_shared::store::payouts::{self, Batch, Decided, Heard, LeftOut, News, Payout};
use serde::{Deserialize, Serialize};

use super::jobs::Reason;
use super::renders::send;
use super::snapshots::Empty;
use crate::call::{Call, Page, Pages, made};
use crate::check::{Checks, reason};
use crate::error::{Code, Problem, Reply};
use crate::extract::{Filters, Input, Named};

/// A payout.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Payout)]
pub(crate) struct PayoutView {
    id: PayoutId,
    batch_id: BatchId,
    party: String,
    amount: Money,
    /// `draft`, `in_transit`, `paid`, `failed` or `dropped`.
    state: String,
    /// The bank's name for it.
    reference: String,
    /// Why it is where it is.
    reason: String,
    updated_at: At,
}

impl From<Payout> for PayoutView {
    fn from(p: Payout) -> Self {
        PayoutView {
            id: p.id,
            batch_id: p.batch,
            party: p.party,
            amount: Money { minor: p.amount_minor, currency: p.currency },
            state: p.state,
            reference: p.reference,
            reason: p.reason,
            updated_at: p.updated_at,
        }
    }
}

/// A batch in a list.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PayoutBatchSummary)]
pub(crate) struct BatchSummary {
    id: BatchId,
    currency: Currency,
    /// `draft`, `approved`, `exported`, `closed` or `rejected`.
    state: String,
    created_by: String,
    approved_by: Option<String>,
    reason: String,
    /// The bank's file, by its SHA-256.
    file: Option<String>,
    created_at: At,
    updated_at: At,
}

impl From<Batch> for BatchSummary {
    fn from(b: Batch) -> Self {
        BatchSummary {
            id: b.id,
            currency: b.currency,
            state: b.state,
            created_by: b.created_by,
            approved_by: b.approved_by,
            reason: b.reason,
            file: b.file,
            created_at: b.created_at,
            updated_at: b.updated_at,
        }
    }
}

/// Somebody who is owed money and is not in the batch.
#[derive(Serialize, utoipa::ToSchema)]
pub(crate) struct LeftOutView {
    party: String,
    balance: Money,
    why: &'static str,
}

/// A batch, whole.
#[derive(Serialize, utoipa::ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = PayoutBatch)]
pub(crate) struct BatchView {
    #[serde(flatten)]
    batch: BatchSummary,
    total: Money,
    payouts: Vec<PayoutView>,
    /// When it was put together: who is owed something and is not in it.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    left_out: Vec<LeftOutView>,
    /// The job that sends it.
    #[serde(skip_serializing_if = "Option::is_none")]
    job_id: Option<JobId>,
}

async fn view(call: &Call, source: &mut impl Source, batch: Batch) -> Reply<BatchView> {
    let payouts = payouts::of_batch(source, call.tenant(), batch.id).await?;
    let live = payouts.iter().filter(|payout| !["dropped", "failed"].contains(&payout.state.as_str()));
    let total = Money { minor: live.map(|payout| payout.amount_minor).sum(), currency: batch.currency };
    let payouts = payouts.into_iter().map(PayoutView::from).collect();
    Ok(BatchView { batch: batch.into(), total, payouts, left_out: Vec::new(), job_id: None })
}

async fn own(call: &Call, source: &mut impl Source, id: BatchId) -> Reply<Batch> {
    payouts::batch(source, call.tenant(), id).await?.ok_or_else(|| Problem::missing("batch"))
}

/// A batch to be.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct NewBatch {
    /// Only balances in this currency; the tenant's when left out.
    currency: Option<Currency>,
    /// For whoever approves it; at most 500 characters.
    #[serde(default)]
    reason: String,
}

/// Puts a batch together: every party whose balance reaches the minimum and who says where to. Nothing moves before somebody else approves.
#[utoipa::path(post, path = "/v1/payouts/batches", tag = "money", request_body = NewBatch, responses((status = 201, body = BatchView)))]
pub(crate) async fn create(call: Call, Input(body): Input<NewBatch>) -> Reply<Response> {
    let mut checks = Checks::default();
    checks.text("/reason", &body.reason, 0, 500);
    checks.done()?;
    let home = super::tenants::own(&call).await?.currency;
    let currency = body.currency.unwrap_or(home);
    let mut tx = call.begin("propose_payouts").await?;
    let (tenant, now) = (call.tenant(), call.now());
    let (batch, left_out) = payouts::propose(&mut tx, now, tenant, currency, &call.actor(), &body.reason).await?;
    let batch = batch.ok_or_else(|| nobody(&left_out))?;
    call.audit(&mut tx, "payouts.propose", batch.id, &body.reason).await?;
    let mut view = view(&call, &mut tx, batch).await?;
    tx.commit().await?;
    let left = |(party, minor, why): LeftOut| LeftOutView { party, balance: Money { minor, currency }, why };
    view.left_out = left_out.into_iter().map(left).collect();
    Ok(made(true, view))
}

fn nobody(left_out: &[LeftOut]) -> Problem {
    let told = left_out.iter().take(5).map(|(party, _, why)| format!(" {party}: {why}.")).collect::<String>();
    Problem::state(format!("Nobody is to be paid now.{told}"))
}

/// Batches, newest first.
#[utoipa::path(get, path = "/v1/payouts/batches", tag = "money", params(Pages), responses((status = 200, body = Page<BatchSummary>)))]
pub(crate) async fn list(call: Call, Filters(pages): Filters<Pages>) -> Reply<Json<Page<BatchSummary>>> {
    let paging = pages.read()?;
    let rows = payouts::batches(&mut call.read(), call.tenant(), paging.after_id()?, paging.fetch()).await?;
    Ok(paging.page(rows, |row| row.id.to_string()))
}

/// One batch with its payouts.
#[utoipa::path(get, path = "/v1/payouts/batches/{id}", tag = "money", params(("id" = BatchId, Path, description = "The batch.")),
    responses((status = 200, body = BatchView)))]
pub(crate) async fn show(call: Call, Named(id): Named<BatchId>) -> Reply<Json<BatchView>> {
    let batch = own(&call, &mut call.read(), id).await?;
    Ok(Json(view(&call, &mut call.read(), batch).await?))
}

/// Approves a batch that another key put together: its payouts leave the balances, and a job hands it to the rail.
#[utoipa::path(post, path = "/v1/payouts/batches/{id}/approve", tag = "money", request_body = Empty,
    params(("id" = BatchId, Path, description = "The batch.")), responses((status = 200, body = BatchView)))]
pub(crate) async fn approve(
    call: Call,
    Named(id): Named<BatchId>,
    Input(Empty {}): Input<Empty>,
) -> Reply<Json<BatchView>> {
    let mut tx = call.begin("approve_payouts").await?;
    let decided = payouts::approve(&mut tx, call.now(), call.tenant(), id, &call.actor()).await?;
    let fresh = answer(decided)?;
    let job = platen_jobs::enqueue(&mut tx, &call.origin(0), &SendPayouts { batch: id }).await?.id();
    if fresh {
        call.audit(&mut tx, "payouts.approve", id, "").await?;
    }
    finish(&call, tx, id, Some(job)).await
}

/// Rejects a batch that nobody approved: nothing had moved, and its parties may be in another one.
#[utoipa::path(post, path = "/v1/payouts/batches/{id}/reject", tag = "money", request_body = Reason,
    params(("id" = BatchId, Path, description = "The batch.")), responses((status = 200, body = BatchView)))]
pub(crate) async fn reject(
    call: Call,
    Named(id): Named<BatchId>,
    Input(body): Input<Reason>,
) -> Reply<Json<BatchView>> {
    reason(&body.reason)?;
    let mut tx = call.begin("reject_payouts").await?;
    let decided = payouts::reject(&mut tx, call.now(), call.tenant(), id, &call.actor(), &body.reason).await?;
    if answer(decided)? {
        call.audit(&mut tx, "payouts.reject", id, &body.reason).await?;
    }
    finish(&call, tx, id, None).await
}

async fn finish(call: &Call, mut tx: Tx, id: BatchId, job: Option<JobId>) -> Reply<Json<BatchView>> {
    let batch = own(call, &mut tx, id).await?;
    let view = view(call, &mut tx, batch).await?;
    tx.commit().await?;
    Ok(Json(BatchView { job_id: job, ..view }))
}

/// Whether it was decided just now.
fn answer(decided: Decided) -> Reply<bool> {
    match decided {
        Decided::Yes => Ok(true),
        Decided::Already => Ok(false),
        Decided::SamePerson => {
            Err(Problem::new(Code::Forbidden, "A batch is approved by another key than the one that put it together."))
        }
        Decided::Illegal(state) => Err(Problem::state(format!("A batch that is {state} is not decided again."))),
        Decided::Unknown => Err(Problem::missing("batch")),
    }
}

/// The bank's file of a batch, once its job has made it.
#[utoipa::path(get, path = "/v1/payouts/batches/{id}/file", tag = "money", params(("id" = BatchId, Path, description = "The batch.")),
    responses((status = 200, description = "The file.", content_type = "text/csv", body = String)))]
pub(crate) async fn file(call: Call, Named(id): Named<BatchId>, method: Method, headers: HeaderMap) -> Reply<Response> {
    let batch = own(&call, &mut call.read(), id).await?;
    let not_yet = || Problem::new(Code::NotReady, "The file is made by a job once the batch is approved.");
    let sha256 = batch.file.ok_or_else(not_yet)?;
    let stored = StoredFile { name: format!("{id}.csv"), sha256, media_type: "text/csv".to_owned(), bytes: 0 };
    send(&call, &stored, &method, &headers).await
}

/// What the bank says of a payout.
#[derive(Deserialize, utoipa::ToSchema)]
#[serde(deny_unknown_fields)]
pub(crate) struct PayoutNews {
    /// `paid` or `failed`.
    status: String,
    /// The bank's name for it: with `paid`, 1 to 100 characters.
    #[serde(default)]
    reference: String,
    /// With `failed`: why, 1 to 500 characters.
    #[serde(default)]
    reason: String,
}

fn news(body: PayoutNews) -> Reply<News> {
    let mut checks = Checks::default();
    match body.status.as_str() {
        "paid" => checks.text("/reference", &body.reference, 1, 100),
        "failed" => checks.text("/reason", &body.reason, 1, 500),
        _ => checks.fault("status", "/status", "The status must be paid or failed."),
    }
    checks.done()?;
    Ok(if body.status == "paid" { News::Paid(body.reference) } else { News::Failed(body.reason) })
}

/// Notes what the bank says of a payout: paid for good, or failed and back on the party's balance. The same again changes nothing.
#[utoipa::path(post, path = "/v1/payouts/{id}/status", tag = "money", request_body = PayoutNews,
    params(("id" = PayoutId, Path, description = "The payout.")), responses((status = 200, body = PayoutView)))]
pub(crate) async fn status(
    call: Call,
    Named(id): Named<PayoutId>,
    Input(body): Input<PayoutNews>,
) -> Reply<Json<PayoutView>> {
    let news = news(body)?;
    let mut tx = call.begin("payout_status").await?;
    match payouts::hear(&mut tx, call.now(), call.tenant(), id, &news).await? {
        Heard::Yes(payout) => {
            call.audit(&mut tx, "payout.status", id, &payout.state).await?;
            tx.commit().await?;
            Ok(Json(PayoutView::from(*payout)))
        }
        Heard::Clash(payout) => Err(Problem::state(format!("The payout is {} already.", payout.state))),
        Heard::Unknown => Err(Problem::missing("payout")),
    }
}

/// The newest payouts of a party, newest first, at most 200.
#[utoipa::path(get, path = "/v1/parties/{name}/payouts", tag = "money",
    params(("name" = String, Path, description = "Its name in the books.")), responses((status = 200, body = Page<PayoutView>)))]
pub(crate) async fn of_party(call: Call, Named(name): Named<String>) -> Reply<Json<Page<PayoutView>>> {
    super::parties::own(&call, &name).await?;
    Ok(crate::call::whole(payouts::of_party(&mut call.read(), call.tenant(), &name, 200).await?))
}
