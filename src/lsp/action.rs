//! What can be done about a finding from within the editor.

use std::collections::HashMap;

use lsp_types::{
    CodeAction, CodeActionContext, CodeActionKind, CodeActionOrCommand, Command, TextEdit, Uri,
    WorkspaceEdit,
};
use serde_json::json;

use super::diagnostic::View;
use super::hover::statement_at;
use super::page;
use crate::finding::{Finding, Fix};
use crate::page::Page;
use crate::phase::Phase;
use crate::project::SourceId;
use crate::rule::Check;
use crate::source::Span;

/// The command that shows a rule's page.
pub const OPEN_PAGE: &str = "bowline.openPage";

const PHASES: [Phase; 3] = [Phase::Expand, Phase::Migrate, Phase::Contract];

/// A place in a file, and what may be offered there.
pub struct Request<'a> {
    pub view: View<'a>,
    pub source: SourceId,
    pub span: Span,
    pub context: &'a CodeActionContext,
    /// The editor can be asked to show a page.
    pub shows_pages: bool,
}

impl Request<'_> {
    /// The actions, the remedies first.
    pub fn actions(&self) -> Vec<CodeActionOrCommand> {
        let fixes = self.findings().filter_map(|finding| self.fix(finding));
        let ignores = self.findings().filter_map(|finding| self.ignore(finding));
        let phases = PHASES.into_iter().filter_map(|phase| self.phase(phase));
        let pages = self.findings().filter_map(|finding| self.page(finding));
        let all = fixes.chain(ignores).chain(phases).chain(pages);
        let mut all: Vec<CodeAction> = all.filter(|action| self.is_wanted(action)).collect();
        all.dedup_by(|a, b| a.title == b.title && a.edit == b.edit);
        all.into_iter().map(Into::into).collect()
    }

    fn is_wanted(&self, action: &CodeAction) -> bool {
        let kind = action.kind.as_ref().map_or("", CodeActionKind::as_str);
        let below = |only: &CodeActionKind| {
            let rest = kind.strip_prefix(only.as_str());
            only.as_str().is_empty() || rest.is_some_and(|r| r.is_empty() || r.starts_with('.'))
        };
        let only = self.context.only.as_ref();
        only.is_none_or(|only| only.iter().any(below))
    }

    fn findings(&self) -> impl Iterator<Item = &Finding> {
        let touches = |span: Span| span.start <= self.span.end && self.span.start <= span.end;
        let findings = self.view.findings(self.source);
        findings.filter(move |finding| touches(finding.span))
    }

    fn action(&self, title: String, finding: Option<&Finding>) -> CodeAction {
        let lines = self.view.lines(self.source);
        let diagnostic = finding.map(|f| vec![self.view.diagnostic(f, &lines)]);
        CodeAction {
            title,
            kind: Some(CodeActionKind::QUICKFIX),
            diagnostics: diagnostic,
            ..CodeAction::default()
        }
    }

    fn fix(&self, finding: &Finding) -> Option<CodeAction> {
        let fix = finding.fix.as_ref()?;
        Some(CodeAction {
            edit: Some(self.edits(fix)?),
            is_preferred: Some(fix.safe),
            ..self.action(fix.title.clone(), Some(finding))
        })
    }

    fn edits(&self, fix: &Fix) -> Option<WorkspaceEdit> {
        let edits = fix.edits.iter().map(|edit| {
            let range = self.view.lines(edit.source).range(edit.span);
            let edit_here = TextEdit::new(range, edit.text.clone());
            Some((self.view.uri(edit.source)?, edit_here))
        });
        Some(workspace_edit(edits.collect::<Option<Vec<_>>>()?))
    }

    /// A directive above the statement.
    fn ignore(&self, finding: &Finding) -> Option<CodeAction> {
        let about_directives = ["unknown-directive", "unused-suppression"];
        let unexplained = finding.rule == "unexplained-suppression";
        if unexplained || about_directives.contains(&finding.rule) {
            return None;
        }
        let start = statement_at(&self.view, self.source, finding.span.start)?
            .span
            .start;
        let directive = format!("-- bowline: ignore {} reason=\"…\"", finding.rule);
        let line = self.view.lines(self.source).line_start(start);
        let before = Span::new(line, start).of(self.text());
        let text = match before.trim().is_empty() {
            true => format!("{directive}\n{before}"),
            false => format!("\n{directive}\n"),
        };
        Some(CodeAction {
            edit: Some(self.insertion(start, text)?),
            ..self.action(
                format!("Ignore {} with a reason", finding.rule),
                Some(finding),
            )
        })
    }

    /// A phase in which something found here is no hazard, or which the
    /// migration looks like.
    fn phase(&self, phase: Phase) -> Option<CodeAction> {
        let mut migrations = self.view.report.migrations.iter();
        let migration = migrations.find(|m| m.source == self.source)?;
        let rests = |finding: &Finding| {
            let rule = page::rule(finding.rule)?;
            let builtin = matches!(rule.check, Check::Builtin);
            let head = Page::head(rule.page).ok()?;
            (!builtin && !head.is_active_in(phase)).then_some(())
        };
        let asked = migration.phase == Some(phase) && self.findings().next().is_some();
        if migration.phase_declared || !(asked || self.findings().any(|f| rests(f).is_some())) {
            return None;
        }
        let text = format!("-- bowline: phase {}\n", phase.name());
        Some(CodeAction {
            edit: Some(self.insertion(self.top(), text)?),
            ..self.action(format!("Declare the phase: {}", phase.name()), None)
        })
    }

    /// Behind the comments that the file begins with: some tools want theirs on
    /// the first line.
    fn top(&self) -> u32 {
        let text = self.text();
        let mark = if text.starts_with('\u{feff}') { 3 } else { 0 };
        let lines = text[mark..].split_inclusive('\n');
        let comments = lines.take_while(|line| line.starts_with("--") && line.ends_with('\n'));
        (mark + comments.map(str::len).sum::<usize>()) as u32
    }

    fn page(&self, finding: &Finding) -> Option<CodeAction> {
        let title = format!("Open the page of {}", finding.rule);
        let arguments = Some(vec![json!(finding.rule)]);
        self.shows_pages.then(|| CodeAction {
            command: Some(Command::new(title.clone(), OPEN_PAGE.into(), arguments)),
            ..self.action(title, Some(finding))
        })
    }

    fn text(&self) -> &str {
        let source = self.view.report.sources.get(self.source);
        source.map_or("", |source| source.text())
    }

    fn insertion(&self, at: u32, text: String) -> Option<WorkspaceEdit> {
        let place = self.view.lines(self.source).range(Span::new(at, at));
        let edit = TextEdit::new(place, text);
        Some(workspace_edit(vec![(self.view.uri(self.source)?, edit)]))
    }
}

// The protocol's crate has it so: an address can fill in what it is made of,
// which does not change what it is.
#[allow(clippy::mutable_key_type)]
fn workspace_edit(edits: Vec<(Uri, TextEdit)>) -> WorkspaceEdit {
    let mut changes: HashMap<Uri, Vec<TextEdit>> = HashMap::new();
    for (uri, edit) in edits {
        changes.entry(uri).or_default().push(edit);
    }
    WorkspaceEdit {
        changes: Some(changes),
        ..WorkspaceEdit::default()
    }
}
