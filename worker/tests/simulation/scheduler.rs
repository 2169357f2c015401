//! Who moves next: drawn from the seed among everybody who could, one at a time. Then the calm: no more faults and no more wake-ups, and
//! everything must come to its end by itself.

use std::sync::atomic::Ordering;
use std::time::Duration;

use platen_shared::clock::Clock;
use platen_shared::ledger::Job;
use platen_shared::ledger::control;

use crate::check;
use crate::world::{Plant, World};

/// Draws of a world before the calm.
const STEPS: usize = 100;
/// In the calm, whatever was acknowledged has ended by then.
const CALM_MAX: Duration = Duration::from_secs(60);
/// No database crashes and comes back faster.
const CRASH_MIN: Duration = Duration::from_millis(50);
const CALM_TICK: Duration = Duration::from_secs(1);

/// What could happen next.
#[derive(Clone, Copy, Debug)]
enum Move {
    Pass,
    Enqueue,
    Submit,
    Operate,
    Start(usize),
    Die(usize),
    /// SIGSTOP for a while.
    Stop(usize),
    Look(usize),
    /// The same, and the claims did not come to the disk.
    LookInVain(usize),
    Begin(usize),
    GiveBack(usize),
    Step(usize, usize),
    Sweep(usize),
    /// An id is delivered, perhaps once more.
    Deliver(usize),
}

impl World {
    /// Lives through a seed; an invariant that broke, as a sentence.
    pub(crate) async fn live(&mut self) -> Result<(), String> {
        for _ in 0..STEPS {
            let next = self.draw();
            self.make(next).await?;
            check::effects(self)?;
        }
        self.calm().await?;
        check::everything(self).await
    }

    fn moves(&self) -> Vec<(usize, Move)> {
        let mut moves = vec![(12, Move::Pass)];
        if !self.wishes.is_empty() {
            moves.push((8, Move::Enqueue));
        }
        if self.wishes.len() > 1 {
            moves.push((5, Move::Submit));
        }
        if !self.told.is_empty() {
            moves.push((2, Move::Operate));
        }
        for (n, station) in self.stations.iter().enumerate() {
            if station.runner.is_none() {
                moves.push((6, Move::Start(n)));
                continue;
            }
            moves.push((1, Move::Die(n)));
            if !station.is_up() {
                continue;
            }
            moves.extend([(1, Move::Stop(n)), (2, Move::Sweep(n))]);
            if station.looks(self.plant != Some(Plant::NoPoll)) {
                moves.extend([(8, Move::Look(n)), (3, Move::LookInVain(n))]);
            }
            if !station.inbox.is_empty() {
                moves.extend([(10, Move::Begin(n)), (1, Move::GiveBack(n))]);
            }
            if !self.told.is_empty() {
                moves.push((1, Move::Deliver(n)));
            }
            moves.extend((0..station.runs.len()).map(|run| (10, Move::Step(n, run))));
        }
        moves
    }

    fn draw(&mut self) -> Move {
        let moves = self.moves();
        let mut left = self.dice.below(moves.iter().map(|(weight, _)| weight).sum());
        for (weight, next) in moves {
            if left < weight {
                return next;
            }
            left -= weight;
        }
        Move::Pass
    }

    async fn make(&mut self, next: Move) -> Result<(), String> {
        match next {
            Move::Pass => {
                let long = self.dice.percent(12);
                let ms = if long { 2000 + self.dice.next() % 7000 } else { 50 + self.dice.next() % 600 };
                self.pass(Duration::from_millis(ms)).await;
            }
            Move::Enqueue => self.enqueue().await?,
            Move::Submit => self.submit().await?,
            Move::Operate => self.operate().await,
            Move::Start(n) => {
                self.stations[n].start().await;
                self.say(n, "starts");
            }
            Move::Die(n) => {
                self.stations[n].die();
                self.say(n, "is killed");
            }
            Move::Stop(n) => {
                let ms = 1000 + self.dice.next() % 14_000;
                self.stations[n].stopped_until = self.clock.now().plus(Duration::from_millis(ms));
                self.say(n, &format!("is stopped for {ms} ms"));
            }
            Move::Look(n) => {
                let claimed = self.stations[n].look().await;
                self.say(n, &format!("looks for work and claims {claimed}"));
                self.blunt(n).await;
            }
            Move::LookInVain(n) => {
                let claimed = self.stations[n].look_in_vain().await;
                self.say(n, &format!("looks for work and claims {claimed}, and the database crashes and forgets that"));
                self.blunt(n).await;
                // It is back after this at the earliest.
                self.pass(CRASH_MIN).await;
                self.ring(50);
            }
            Move::Begin(n) => {
                let name = self.stations[n].begin().map_or_else(String::new, |run| run.name.clone());
                self.say(n, &format!("begins {name}"));
            }
            Move::GiveBack(n) => {
                self.stations[n].give_back().await;
                self.say(n, "gives back what it has not begun");
            }
            Move::Step(n, run) => {
                let done = self.stations[n].step(run).await;
                self.say(n, &done);
                self.ring(50);
            }
            Move::Sweep(n) => {
                let swept = self.stations[n].ledger().sweep().await.expect("swept");
                self.say(n, &format!("sweeps: {} dead, {} jobs come back", swept.dead_workers, swept.recovered.len()));
                self.ring(50);
            }
            Move::Deliver(n) => {
                let which = self.dice.below(self.told.len());
                let (key, id) = self.told.iter().nth(which).map(|(key, id)| (key.clone(), *id)).expect("one of them");
                self.stations[n].take(self.tenant, id, format!("ship {key} as delivered"));
                self.say(n, &format!("is handed {key}"));
            }
        }
        Ok(())
    }

    async fn blunt(&mut self, n: usize) {
        if self.plant == Some(Plant::OneMoment) {
            self.stations[n].blunt().await;
        }
    }

    fn say(&mut self, n: usize, what: &str) {
        let name = self.stations[n].name();
        self.note(&name, what);
    }

    /// Whoever is stopped goes on, whoever is dead starts, clocks are set, pauses are over; nothing more is enqueued, and the printer answers.
    async fn calm_down(&mut self) {
        self.note("all", "calm");
        self.outside.calm();
        for n in 0..self.stations.len() {
            self.stations[n].parts.clock.skew_us.store(0, Ordering::Relaxed);
            self.stations[n].stopped_until = self.clock.now();
            self.stations[n].woken = false;
            if self.stations[n].runner.is_none() {
                self.stations[n].start().await;
                self.stations[n].woken = false;
                self.say(n, "starts");
            }
        }
        let mut tx = self.ledger.db.begin("simulated").await.expect("begun");
        for pause in std::mem::take(&mut self.pauses) {
            control::resume(&mut tx, Some(self.tenant), pause).await.expect("resumed");
        }
        tx.commit().await.expect("committed");
    }

    /// Every wake-up is lost, and everything comes to its end all the same.
    async fn calm(&mut self) -> Result<(), String> {
        self.calm_down().await;
        let (began, mut before) = (self.clock.now(), Vec::new());
        while self.clock.now().since(began) < CALM_MAX {
            self.pass(CALM_TICK).await;
            self.make(Move::Sweep(0)).await?;
            for n in 0..self.stations.len() {
                self.stations[n].woken = false;
                self.work(n).await?;
            }
            let jobs = check::jobs(self).await;
            check::found(&before, &jobs)?;
            if jobs.iter().all(Job::finished) {
                return Ok(());
            }
            before = jobs;
        }
        Err(format!("after {} s of calm, jobs still wait or run: {}", CALM_MAX.as_secs(), check::open(&before)))
    }

    /// What one worker gets done in a moment.
    async fn work(&mut self, n: usize) -> Result<(), String> {
        loop {
            if self.stations[n].looks(self.plant != Some(Plant::NoPoll)) {
                self.make(Move::Look(n)).await?;
            }
            while !self.stations[n].inbox.is_empty() {
                self.make(Move::Begin(n)).await?;
            }
            if self.stations[n].runs.is_empty() {
                return Ok(());
            }
            while !self.stations[n].runs.is_empty() {
                let done = self.stations[n].step(0).await;
                self.say(n, &done);
                check::effects(self)?;
            }
            // A slot has become free.
            self.stations[n].woken = true;
        }
    }
}
