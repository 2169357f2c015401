//! Handing ids of claimable jobs to slots. Every dispatcher ends in [`Runner::run`](crate::Runner::run); every start claims in SQL.
//! `ledger` polls the ledger itself: the embedded and single-server way, and what is left when everything else is gone. The fleet's
//! dispatcher over Redis will stand beside it.

pub(crate) mod ledger;
