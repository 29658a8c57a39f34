//! Judging open files within the histories around them.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::Arc;

use super::documents::Documents;
use super::settings::{Settings, options};
use crate::analysis;
use crate::config::Config;
use crate::project::{Neighbours, Options, Project, stream};
use crate::report::Report;
use crate::source::Source;

/// Files with the same surroundings and the same configuration are judged in
/// one run.
type Place = (Around, Option<PathBuf>);

#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
enum Around {
    /// The files that belong to this place.
    History(String),
    /// None: the file itself.
    Nothing(String),
}

/// What lies on disk around the open files, read once, and what was said.
#[derive(Debug, Default)]
pub struct Histories {
    neighbours: BTreeMap<Place, Neighbours>,
    /// By the open file's path.
    reports: BTreeMap<String, Arc<Report>>,
}

/// Open files that are judged together.
struct Group {
    config: Arc<Config>,
    texts: Vec<Arc<Source>>,
    stale: bool,
}

impl Histories {
    /// Reads what lies on disk again when it is next needed.
    pub fn outdate(&mut self) {
        self.neighbours.clear();
    }

    /// What was said about the run that an open file was judged in.
    pub fn report(&self, name: &str) -> Option<&Arc<Report>> {
        self.reports.get(name)
    }

    /// Judges the open files that changed, and those that share their history;
    /// returns their paths.
    pub fn judge(&mut self, documents: &Documents, settings: &mut Settings) -> Vec<String> {
        let groups = groups(documents, settings);
        self.neighbours
            .retain(|place, _| groups.contains_key(place));
        self.reports.retain(|name, _| documents.get(name).is_some());
        let mut judged = Vec::new();
        for (place, group) in groups.into_iter().filter(|(_, group)| group.stale) {
            judged.extend(group.texts.iter().map(|text| text.path().to_string()));
            match place.0 {
                Around::History(_) => self.judge_together(place, group),
                Around::Nothing(_) => self.judge_each(group.texts, &group.config),
            }
        }
        judged
    }

    fn judge_together(&mut self, place: Place, group: Group) {
        let options = options(&group.config);
        let project = self.project(place, &group.texts, &options);
        let (inside, outside): (Vec<_>, Vec<_>) = group
            .texts
            .into_iter()
            .partition(|text| project.judges(text.path()));
        let report = Arc::new(analysis::run_by_statement(project, &group.config, None));
        for text in inside {
            self.reports
                .insert(text.path().to_string(), Arc::clone(&report));
        }
        self.judge_each(outside, &group.config);
    }

    fn project(&mut self, place: Place, texts: &[Arc<Source>], options: &Options) -> Project {
        let path = texts.first().map_or("", |text| text.path());
        self.neighbours
            .entry(place)
            .or_insert_with(|| Neighbours::of(path, options))
            .project(texts, options)
    }

    fn judge_each(&mut self, texts: Vec<Arc<Source>>, config: &Arc<Config>) {
        for text in texts {
            let name = text.path().to_string();
            let project = stream(text, &options(config));
            let report = analysis::run_by_statement(project, config, None);
            self.reports.insert(name, Arc::new(report));
        }
    }
}

fn groups(documents: &Documents, settings: &mut Settings) -> BTreeMap<Place, Group> {
    let mut groups: BTreeMap<Place, Group> = BTreeMap::new();
    for document in documents.all() {
        let path = document.source.path();
        let config = settings.of(path);
        let around = Neighbours::place(path)
            .map_or_else(|| Around::Nothing(path.to_string()), Around::History);
        let place = (around, config.file.clone());
        let group = groups.entry(place).or_insert_with(|| Group {
            config,
            texts: Vec::new(),
            stale: false,
        });
        group.texts.push(Arc::clone(&document.source));
        group.stale |= document.stale;
    }
    groups
}
