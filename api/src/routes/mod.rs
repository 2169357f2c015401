//! One file per resource: the shapes of its bodies, and its handlers.

pub(crate) mod audit;
pub(crate) mod bundles;
pub(crate) mod catalogue;
pub(crate) mod connections;
pub(crate) mod files;
pub(crate) mod health;
pub(crate) mod jobs;
pub(crate) mod keys;
pub(crate) mod money;
pub(crate) mod new_order;
pub(crate) mod orders;
pub(crate) mod pauses;
pub(crate) mod payments;
pub(crate) mod products;
pub(crate) mod providers;
pub(crate) mod queues;
pub(crate) mod renders;
pub(crate) mod schedules;
pub(crate) mod shipments;
pub(crate) mod snapshots;
pub(crate) mod snooze;
pub(crate) mod specs;
pub(crate) mod tenants;
pub(crate) mod uploads;
pub(crate) mod work;
pub(crate) mod workers;
