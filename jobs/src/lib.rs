//! What the system does: one kind, one file.
//!
//! | kind | queue | what it does |
//! | --- | --- | --- |
//! | `asset_convert` | previews | an uploaded picture as pages show it, with its thumbnail |
//! | `build_bundle` | bundles | print files of every item of an order, and one ZIP with a manifest |
//! | `bundle_item` | bundles | the same of one item of an order |
//! | `bundle_work_order` | bundles | the same of a work order's items |
//! | `cancel_order` | orders | cancels an order at the printer, as far as that is possible |
//! | `cleanup` | housekeeping | takes away files that no row names, after a grace |
//! | `close_books` | money | closes the books up to yesterday, so that past balances are a few rows |
//! | `correct_costs` | money | reads a shared-out order's receipts again and books the difference |
//! | `deliver_webhook` | messages | one attempt to deliver a notice to a tenant's endpoint |
//! | `distribute_revenue` | money | shares an order's gross among all parties, once, after its hold |
//! | `housekeeping` | housekeeping | takes away what is old, of every tenant |
//! | `look_up_order` | orders | finds out what became of an order whose submission ended in the dark |
//! | `poll_tracking` | tracking | reads an order back from the printer and follows its parcels |
//! | `probe_provider` | tracking | asks the printer one cheap question and keeps how that went |
//! | `quote_order` | orders | asks the printer what an order would cost, before it is accepted |
//! | `render_preview` | previews | a design by a profile: preview, mock-up, print resolution, proof sheet, 3D model |
//! | `send_payouts` | money | hands an approved batch of payouts to the rail that pays it |
//! | `send_message` | messages | one letter to one recipient, in their language |
//! | `submit_order` | orders | places an order at the printer: find → stage → checkpoint → release → read back |
//! | `sweep_drafts` | sync | deletes drafts that orders left behind at the printer |
//! | `sweep_tracking` | tracking | a page of open orders in one look-up; what changed is polled at once |
//! | `sync_catalog` | sync | one page of the printer's catalogue, and the next page as the next job |
//! | `watch_orders` | tracking | tells of orders that are in production for longer than usual |
//!
//! A new kind is its file and two lines here.

pub mod job;
pub mod outbox;
pub mod readiness;
pub mod registry;
pub mod workflow;

mod drafts;
mod files;
mod follow;
mod order_request;
mod placing;
mod production;
mod watch;

pub mod asset_convert;
pub mod build_bundle;
pub mod bundle_item;
pub mod bundle_work_order;
pub mod cancel_order;
pub mod cleanup;
pub mod close_books;
pub mod correct_costs;
pub mod deliver_webhook;
pub mod distribute_revenue;
pub mod housekeeping;
pub mod look_up_order;
pub mod poll_tracking;
pub mod probe_provider;
pub mod quote_order;
pub mod render_preview;
pub mod send_message;
pub mod send_payouts;
pub mod submit_order;
pub mod sweep_drafts;
pub mod sweep_tracking;
pub mod sync_catalog;
pub mod watch_orders;

use registry::kinds;

pub use job::{Ctx, Failure, Hook, Job, Key, Limit, Ports, Recording, Retry};
pub use registry::{Entry, Origin, enqueue, enqueue_by_kind, find, job_of_kind};

kinds![
    asset_convert::AssetConvert,
    build_bundle::BuildBundle,
    bundle_item::BundleItem,
    bundle_work_order::BundleWorkOrder,
    cancel_order::CancelOrder,
    cleanup::Cleanup,
    close_books::CloseBooks,
    correct_costs::CorrectCosts,
    deliver_webhook::DeliverWebhook,
    distribute_revenue::DistributeRevenue,
    housekeeping::Housekeeping,
    look_up_order::LookUpOrder,
    poll_tracking::PollTracking,
    probe_provider::ProbeProvider,
    quote_order::QuoteOrder,
    render_preview::RenderPreview,
    send_message::SendMessage,
    send_payouts::SendPayouts,
    submit_order::SubmitOrder,
    sweep_drafts::SweepDrafts,
    sweep_tracking::SweepTracking,
    sync_catalog::SyncCatalog,
    watch_orders::WatchOrders,
];
