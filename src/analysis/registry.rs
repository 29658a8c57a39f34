//! The rules that are switched on, ready to be called.

use rustc_hash::FxHashMap;

use crate::config::Config;
use crate::finding::Finding;
use crate::operation::Kind;
use crate::page::{Group, Head, Page};
use crate::phase::Phase;
use crate::project::SourceId;
use crate::rule::{Check, Findings, Rule};
use crate::rules;
use crate::source::Span;

/// A rule with what its page says of it.
pub struct Active {
    pub rule: &'static Rule,
    pub head: Head,
}

/// Rules by what they want to be called for.
pub struct Registry<'a> {
    active: Vec<Active>,
    /// By name: an index into `active`.
    by_id: FxHashMap<&'static str, u16>,
    /// By operation kind: indexes into `active`.
    by_kind: Vec<Vec<u16>>,
    migration: Vec<u16>,
    /// A rule that speaks for the old release is switched off.
    muted: bool,
    config: &'a Config,
}

impl<'a> Registry<'a> {
    pub fn new(config: &'a Config) -> Self {
        let mut registry = Registry {
            active: Vec::with_capacity(rules::ALL.len()),
            by_id: FxHashMap::default(),
            by_kind: Vec::new(),
            migration: Vec::new(),
            muted: false,
            config,
        };
        for rule in rules::ALL {
            // A test reads every page, so that none is missing here.
            let Ok(head) = Page::head(rule.page) else {
                continue;
            };
            registry.add(rule, head);
        }
        registry
    }

    fn add(&mut self, rule: &'static Rule, head: Head) {
        let index = self.active.len() as u16;
        let on = self.config.may_report(rule.id, head.on);
        match &rule.check {
            Check::Operation { on: kinds, .. } if on => {
                for kind in *kinds {
                    self.kind_list(*kind).push(index);
                }
            }
            Check::Migration(_) | Check::Down(_) if on => self.migration.push(index),
            _ => {}
        }
        self.by_id.insert(rule.id, index);
        let active = Active { rule, head };
        self.muted |= active.is_evidence() && active.head.on && !on;
        self.active.push(active);
    }

    fn kind_list(&mut self, kind: Kind) -> &mut Vec<u16> {
        let at = kind as usize;
        if self.by_kind.len() <= at {
            self.by_kind.resize_with(at + 1, Vec::new);
        }
        &mut self.by_kind[at]
    }

    /// The rules to call for an operation of this kind.
    pub fn for_kind(&self, kind: Kind) -> impl Iterator<Item = &Active> {
        self.by_kind
            .get(kind as usize)
            .into_iter()
            .flatten()
            .map(|index| &self.active[*index as usize])
    }

    /// The rules to call once per script.
    pub fn for_migration(&self) -> impl Iterator<Item = &Active> {
        self.migration
            .iter()
            .map(|index| &self.active[*index as usize])
    }

    /// Is every rule asked that speaks for the old release?
    pub fn asks_for_old_release(&self) -> bool {
        !self.muted
    }

    pub fn get(&self, id: &str) -> Option<&Active> {
        self.by_id
            .get(id)
            .map(|index| &self.active[*index as usize])
    }

    pub fn is_on_by_default(&self, id: &str) -> bool {
        self.get(id).is_some_and(|active| active.head.on)
    }

    /// An empty finding of a rule that the machinery itself reports.
    pub fn builtin(&self, id: &str, source: SourceId, span: Span) -> Option<Finding> {
        let active = self.get(id)?;
        Some(Finding {
            rule: active.rule.id,
            severity: active.head.severity,
            confidence: active.head.confidence,
            message: String::new(),
            help: String::new(),
            source,
            span,
            related: Vec::new(),
            fix: None,
            fingerprint: String::new(),
        })
    }
}

impl Active {
    /// Is the rule silent in a migration of this declared phase?
    pub fn rests_in(&self, phase: Option<Phase>) -> bool {
        phase.is_some_and(|phase| !self.head.is_active_in(phase))
    }

    /// Does the rule look at downs too?
    pub fn reads_downs(&self) -> bool {
        matches!(self.head.group, Group::Trust | Group::Transactions)
    }

    /// Does it speak of the old release alone?
    pub fn is_about_old_release(&self) -> bool {
        self.head.group == Group::OldRelease
    }

    /// Does it explain what the old release notices?
    pub fn is_evidence(&self) -> bool {
        matches!(
            self.head.group,
            Group::OldRelease | Group::Undo | Group::Trust
        )
    }

    pub fn group(&self) -> Group {
        self.head.group
    }

    /// What is reported from now on is this rule's, and about this file.
    pub fn ask(&self, findings: &mut Findings, source: SourceId) {
        findings.rule = self.rule.id;
        findings.severity = self.head.severity;
        findings.confidence = self.head.confidence;
        findings.source = source;
    }
}
