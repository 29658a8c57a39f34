//! What `bowline inspect` says about each statement, for people and for
//! machines.

mod human;
mod json;

use std::io;

use super::Options;
use crate::effect::{LockMode, ScanKind};
use crate::report::{Report, StatementReport};
use crate::schema::Key;

/// A form of it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, strum::EnumString, strum::VariantNames)]
#[strum(serialize_all = "lowercase")]
pub enum Format {
    #[default]
    Human,
    Json,
}

impl Format {
    /// Writes the statements of a report in this form.
    ///
    /// # Errors
    /// What `out` answers.
    pub fn write(
        self,
        report: &Report,
        options: &Options,
        out: &mut dyn io::Write,
    ) -> io::Result<()> {
        match self {
            Format::Human => human::write(report, options, out),
            Format::Json => json::write(report, out),
        }
    }
}

/// What a statement does to one relation.
struct Touched<'a> {
    relation: &'a Key,
    lock: Option<LockMode>,
    /// The statement itself creates it: nobody can wait for it.
    created: bool,
    rewritten: bool,
    built: bool,
    scan: Option<ScanKind>,
}

/// The relations that a statement touches, the strongest locks first, what it
/// creates last.
fn touched(statement: &StatementReport) -> Vec<Touched<'_>> {
    let effect = &statement.effect;
    let mut list: Vec<Touched<'_>> = Vec::new();
    for lock in &effect.locks {
        let touched = of(&mut list, &lock.relation);
        touched.lock = Some(lock.mode);
        touched.created = lock.created;
    }
    for relation in &effect.rewrites {
        of(&mut list, relation).rewritten = true;
    }
    for index in &effect.index_rebuilds {
        of(&mut list, index).built = true;
    }
    let scans = effect.scans.iter();
    for scan in scans.filter(|scan| scan.kind > ScanKind::Partial) {
        of(&mut list, &scan.relation).scan = Some(scan.kind);
    }
    list.sort_by(|a, b| {
        let rank = |t: &Touched<'_>| (t.created, std::cmp::Reverse(t.lock));
        (rank(a), a.relation).cmp(&(rank(b), b.relation))
    });
    list
}

fn of<'a, 'l>(list: &'l mut Vec<Touched<'a>>, relation: &'a Key) -> &'l mut Touched<'a> {
    let at = list.iter().position(|t| t.relation == relation);
    let at = at.unwrap_or_else(|| {
        list.push(Touched {
            relation,
            lock: None,
            created: false,
            rewritten: false,
            built: false,
            scan: None,
        });
        list.len() - 1
    });
    &mut list[at]
}
