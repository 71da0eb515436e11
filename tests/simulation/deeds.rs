//! What happens to the services: they die and are started again, are doubled, cut off, and their stores turn bad and good.

use std::time::Duration;

use slipway_store::faults::Rates;

use crate::chronicle::Role;
use crate::network::Weather;
use crate::place::Cut;
use crate::world::{Storm, World};

impl World {
    /// Starts what is dead, after a while.
    pub(crate) fn raise(&mut self) {
        let now = self.clock.now();
        let dead = [
            (Role::Registry, self.registry.is_dead()),
            (Role::Health, self.health.is_dead()),
            (Role::Launcher, self.launcher.is_dead()),
        ];
        for (role, is_dead) in dead {
            if is_dead && !self.restarts.contains_key(&role) {
                let away = match self.setup.storm {
                    Storm::Chaos if self.next_deed.is_some() && self.kills.one_in(3) => self.kills.minutes(400),
                    Storm::Chaos | Storm::Calm => Duration::ZERO,
                };
                self.restarts.insert(role, self.later(away));
            }
            if self.restarts.get(&role).is_some_and(|due| *due <= now) {
                self.restarts.remove(&role);
                self.start(role);
            }
        }
    }

    fn start(&mut self, role: Role) {
        match role {
            Role::Registry => self.registry.start(),
            Role::Health => self.health.start(),
            Role::Launcher => self.launcher.start(),
        }
    }

    /// Something happens to the services.
    pub(crate) fn deed(&mut self) {
        let boundaries = self.kills.below(20);
        match self.kills.below(16) {
            0 => self.registry.kill_after(boundaries),
            1 => self.health.kill_after(boundaries),
            2..=4 => self.launcher.kill_after(boundaries),
            5 => self.launcher.kill(),
            6 => self.launcher.start(),
            7 => self.registry.place.set_cut(Cut::Off),
            8 => self.health.place.set_cut(Cut::Off),
            9 | 10 => self.set_cut(Cut::On),
            11 => self.set_rates(Rates::default()),
            12 => self.set_rates(bad(0.3)),
            13 => self.launcher.kept.compact(),
            14 => self.registry.kept.compact(),
            _ => self.set_rates(bad(1.0)),
        }
        let part = self.kills.fraction();
        self.network.set_weather(Weather { lose_request: 0.2 * part, lose_answer: 0.2 * part, delay: 0.4 * part });
    }

    pub(crate) fn set_cut(&self, cut: Cut) {
        self.registry.place.set_cut(cut);
        self.health.place.set_cut(cut);
    }

    pub(crate) fn set_rates(&mut self, rates: Rates) {
        self.registry.set_rates(rates);
        self.health.set_rates(rates);
        self.launcher.set_rates(rates);
    }
}

/// Faults of a store, so bad from 0 to 1.
fn bad(part: f64) -> Rates {
    Rates {
        refuse: 0.25 * part,
        lose_request: 0.15 * part,
        lose_answer: 0.15 * part,
        break_watch: 0.1 * part,
        delay: 0.3 * part,
        longest_delay: Duration::from_millis(60),
    }
}
