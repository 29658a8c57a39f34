//! What a rule says.

use serde::{Deserialize, Serialize};

use crate::project::SourceId;
use crate::source::Span;

/// How much a finding matters; a threshold for the exit code.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Severity {
    Info,
    Warning,
    Error,
}

/// How sure bowline is that the finding is true.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Confidence {
    Low,
    Medium,
    High,
}

/// Another place that explains the finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Related {
    pub source: SourceId,
    pub span: Span,
    pub message: String,
}

/// A replacement of text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Edit {
    pub source: SourceId,
    pub span: Span,
    pub text: String,
}

/// Edits that together remedy a finding; they do not overlap, and are all in one
/// file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fix {
    pub title: String,
    /// The meaning stays the same; may be applied without a look.
    pub safe: bool,
    /// What has to stay otherwise as it is for the fix to be right: the
    /// statement, or the part of the file that is run with it.
    pub about: Span,
    pub edits: Vec<Edit>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    pub rule: &'static str,
    pub severity: Severity,
    pub confidence: Confidence,
    /// A sentence whose first clause is the fact, present tense, names in
    /// backticks, no full stop.
    pub message: String,
    /// An imperative with the reader's own table and column in it; may be
    /// several lines, and may hold SQL.
    pub help: String,
    pub source: SourceId,
    /// Short: the column's name rather than the statement.
    pub span: Span,
    pub related: Vec<Related>,
    pub fix: Option<Fix>,
    /// Stable over moved lines and renamed files; filled in by the analysis.
    pub fingerprint: String,
}
