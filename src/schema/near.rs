//! Names that are a slip away from one that is there.

use std::sync::atomic::Ordering;

use super::{Key, Schema};

/// What comparing a name costs beside passing it over.
const COMPARISON: usize = 64;

/// How many names a history is passed over for this, comparisons counted so
/// many times: a tenth of a second. Tables that are missing by the thousand are
/// no slips.
const PATIENCE: usize = 1 << 22;

impl Schema {
    /// A relation whose name is a slip away; `t_2024` is none of `t_2023`.
    pub fn nearly_named(&self, key: &Key) -> Option<&Key> {
        let slips = match key.name.len() {
            0..4 => return None,
            4..8 => 1,
            _ => 2,
        };
        let is_over = self.compared.load(Ordering::Relaxed) > PATIENCE;
        if is_over || !ends_in_letters(&key.name) {
            return None;
        }
        let mut work = self.relations.len();
        let found = self.relations.keys().find(|known| {
            let may_be = known.name.len().abs_diff(key.name.len()) <= slips
                && known.schema == key.schema
                && ends_in_letters(&known.name);
            work += if may_be { COMPARISON } else { 0 };
            may_be && strsim::osa_distance(&known.name, &key.name) <= slips
        });
        self.compared.fetch_add(work, Ordering::Relaxed);
        found
    }
}

fn ends_in_letters(name: &str) -> bool {
    let digit = |c: char| c.is_ascii_digit();
    !name.starts_with(digit) && !name.ends_with(digit)
}
