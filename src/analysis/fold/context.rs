//! Which migrations that nobody asked about are looked at all the same.

use super::Fold;
use crate::analysis::unit::ReadMigration;
use crate::project::{Migration, SourceId};
use crate::source::Span;

impl Fold<'_> {
    /// Is there a finding to be expected whose fingerprint counts for those that
    /// are reported? A finding stands on a statement, on a comment that a tool
    /// might mean, or where a part says nothing.
    pub(super) fn may_share_a_name(&self, migration: &Migration, read: &ReadMigration) -> bool {
        if read.long.is_some() {
            return true;
        }
        let holds = |source: SourceId, place: Span| {
            let text = self.project.sources[source].text();
            self.lines.hold_one_of(text, place)
        };
        let suspicious = migration.suspicious.iter().map(|s| (s.source, s.span));
        let parts = || read.up.iter().chain(&read.down);
        let statements = parts().flat_map(|read| {
            let statements = read.statements.iter();
            statements.map(|statement| (read.part.source, statement.span))
        });
        let silent = parts().filter(|read| read.statements.is_empty());
        let silent = silent.map(|read| {
            let start = read.part.span.start;
            (read.part.source, Span::new(start, start))
        });
        let nothing = parts().next().is_none();
        let nothing = nothing.then_some((migration.source, Span::new(0, 0)));
        suspicious
            .chain(statements)
            .chain(silent)
            .chain(nothing)
            .any(|(source, place)| holds(source, place))
    }
}
