//! Statements that do not fit the schema that the ones before them leave behind.

use super::{Fold, ScriptRun};
use crate::analysis::script::Planned;
use crate::finding::{Finding, Related, Severity};
use crate::report::Direction;
use crate::rule::{NEARBY, Step, mentions};
use crate::schema::Conflict;

impl Fold<'_> {
    /// Is it about what an earlier statement of the down names, which the server
    /// refuses? `down-wrong-order` has said that.
    pub(super) fn follows_from_refusal(
        &self,
        run: &ScriptRun<'_, '_>,
        planned: &Planned<'_>,
        why: &str,
    ) -> bool {
        let place = (planned.part, planned.statement);
        let is_refused =
            |step: &&Step<'_>| (step.part, step.statement) != place && step.refusal().is_some();
        let names_all = |step: &Step<'_>| {
            let text = self.project.sources[step.source].slice(step.statement_span);
            let mut quoted = why.split('`').skip(1).step_by(2);
            quoted.all(|name| mentions(text, name.rsplit('.').next().unwrap_or(name)))
        };
        run.scene.direction == Direction::Down
            && !self.schema.is_unsure()
            && run
                .steps
                .iter()
                .rev()
                .take(NEARBY)
                .filter(is_refused)
                .any(names_all)
    }

    pub(super) fn report_conflict(&mut self, planned: &Planned<'_>, conflict: Conflict) {
        let place = planned.operation.place;
        // What the server says of it may be known by its effect already.
        let of_this = |f: &&Finding| f.source == planned.source && f.span == place;
        let mut said = self.outcome.findings.iter().rev().take_while(of_this);
        if said.any(|f| f.rule == "schema-conflict" && f.severity == Severity::Error) {
            return;
        }
        let Some(mut finding) = self
            .registry
            .builtin("schema-conflict", planned.source, place)
        else {
            return;
        };
        finding.message = conflict.why;
        if let Some(at) = conflict.at {
            finding.related.push(Related {
                source: at.source,
                span: at.span,
                message: "it was created or dropped here".into(),
            });
        }
        finding.help =
            "Make the migration fit the schema that the ones before it leave behind".into();
        self.outcome.findings.push(finding);
    }
}
