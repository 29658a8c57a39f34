//! From a message to what is done about it.

use std::collections::BTreeSet;
use std::io::{self, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;

use lsp_server::{ErrorCode, Message, Notification, Request, RequestId, Response};
use lsp_types::{
    CodeActionKind, CodeActionOptions, CodeActionParams, DidChangeTextDocumentParams,
    DidCloseTextDocumentParams, DidOpenTextDocumentParams, ExecuteCommandOptions,
    ExecuteCommandParams, HoverParams, HoverProviderCapability, InitializeParams, InitializeResult,
    PublishDiagnosticsParams, SaveOptions, ServerCapabilities, ServerInfo, ShowDocumentParams,
    TextDocumentSyncCapability, TextDocumentSyncKind, TextDocumentSyncOptions, Uri,
};
use serde::Serialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};

use super::action::{self, OPEN_PAGE};
use super::diagnostic::{View, of_config};
use super::documents::{Documents, name};
use super::histories::Histories;
use super::hover::hover;
use super::page::{self, Pages};
use super::place::{self, Encoding};
use super::settings::Settings;
use super::wire::{self, Incoming};

/// Whether the conversation goes on.
pub enum Next {
    Message,
    Exit,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    New,
    Running,
    ShutDown,
}

/// What the editor can do.
#[derive(Clone, Copy, Debug, Default)]
struct Client {
    encoding: Encoding,
    shows_documents: bool,
    watches_files: bool,
}

/// The conversation with one editor.
pub struct Server<W: Write> {
    out: W,
    state: State,
    client: Client,
    documents: Documents,
    settings: Settings,
    histories: Histories,
    pages: Pages,
    /// Configurations that were said to have a mistake.
    mistaken: BTreeSet<PathBuf>,
    /// Counts requests to the editor.
    asked: i32,
}

type Answer = Result<Value, (ErrorCode, String)>;

impl<W: Write> Server<W> {
    pub fn new(out: W) -> Self {
        Self {
            out,
            state: State::New,
            client: Client::default(),
            documents: Documents::default(),
            settings: Settings::default(),
            histories: Histories::default(),
            pages: Pages::default(),
            mistaken: BTreeSet::new(),
            asked: 0,
        }
    }

    pub fn was_shut_down(&self) -> bool {
        self.state == State::ShutDown
    }

    /// Does what a message asks for, but for the judging.
    ///
    /// # Errors
    /// What writing answers.
    pub fn handle(&mut self, message: Incoming) -> io::Result<Next> {
        match message {
            Incoming::Message(Message::Request(request)) => self.request(request)?,
            Incoming::Message(Message::Notification(notification)) => {
                if notification.method == "exit" {
                    return Ok(Next::Exit);
                }
                if self.state == State::Running {
                    self.notification(notification)?;
                }
            }
            Incoming::Message(Message::Response(_)) => {}
            Incoming::Nonsense(Some(id), code, message) => self.refuse(id, code, message)?,
            Incoming::Nonsense(None, code, message) => {
                wire::write_error(&mut self.out, code, &message)?;
            }
        }
        Ok(Next::Message)
    }

    fn request(&mut self, request: Request) -> io::Result<()> {
        let id = request.id.clone();
        self.publish()?;
        let answer = catch_unwind(AssertUnwindSafe(|| self.answer(request)));
        let answer = answer.unwrap_or_else(|_| {
            let message = "bowline has a bug here; its standard error says more";
            Ok(Err((ErrorCode::InternalError, message.into())))
        })?;
        match answer {
            Ok(value) => self.send(Response::new_ok(id, value).into()),
            Err((code, message)) => self.refuse(id, code, message),
        }
    }

    fn answer(&mut self, request: Request) -> io::Result<Answer> {
        let refused = |code, message: &str| Ok(Err((code, message.to_string())));
        match (self.state, request.method.as_str()) {
            (State::New, "initialize") => Ok(self.initialize(request.params)),
            (State::New, _) => refused(ErrorCode::ServerNotInitialized, "expected `initialize`"),
            (_, "initialize") => refused(ErrorCode::InvalidRequest, "initialized already"),
            (State::ShutDown, _) => refused(ErrorCode::InvalidRequest, "expected `exit`"),
            (State::Running, "shutdown") => {
                self.state = State::ShutDown;
                Ok(Ok(Value::Null))
            }
            (State::Running, "textDocument/hover") => Ok(self.hover(request.params)),
            (State::Running, "textDocument/codeAction") => Ok(self.actions(request.params)),
            (State::Running, "workspace/executeCommand") => self.command(request.params),
            (State::Running, method) => {
                let message = format!("`{method}` is not supported");
                Ok(Err((ErrorCode::MethodNotFound, message)))
            }
        }
    }

    fn initialize(&mut self, params: Value) -> Answer {
        let params: InitializeParams = read(params)?;
        enter(&params);
        self.client = Client::new(&params);
        self.state = State::Running;
        let result = InitializeResult {
            capabilities: capabilities(self.client),
            server_info: Some(ServerInfo {
                name: env!("CARGO_PKG_NAME").into(),
                version: Some(env!("CARGO_PKG_VERSION").into()),
            }),
        };
        written(result)
    }

    fn hover(&self, params: Value) -> Answer {
        let params: HoverParams = read(params)?;
        let place = params.text_document_position_params;
        let name = name(&place.text_document.uri);
        let found = self.view(&name).and_then(|view| {
            let source = view.source(&name)?;
            let at = view.lines(source).offset(place.position);
            hover(&view, source, at)
        });
        written(found)
    }

    fn actions(&self, params: Value) -> Answer {
        let params: CodeActionParams = read(params)?;
        let name = name(&params.text_document.uri);
        let found = self.view(&name).and_then(|view| {
            let source = view.source(&name)?;
            let request = action::Request {
                span: view.lines(source).span(params.range),
                view,
                source,
                context: &params.context,
                shows_pages: self.client.shows_documents,
            };
            Some(request.actions())
        });
        written(found.unwrap_or_default())
    }

    fn command(&mut self, params: Value) -> io::Result<Answer> {
        let params: ExecuteCommandParams = match read(params) {
            Ok(params) => params,
            Err(refusal) => return Ok(Err(refusal)),
        };
        let argument = params.arguments.first().and_then(Value::as_str);
        let rule = argument.and_then(page::rule);
        let (Some(rule), OPEN_PAGE) = (rule, params.command.as_str()) else {
            let message = format!("`{OPEN_PAGE}` with the name of a rule is the one command");
            return Ok(Err((ErrorCode::InvalidParams, message)));
        };
        match self.pages.show(rule) {
            Err(error) => Ok(Err((ErrorCode::RequestFailed, error.to_string()))),
            Ok((uri, external)) => {
                let params = ShowDocumentParams {
                    uri,
                    external: Some(external),
                    take_focus: Some(true),
                    selection: None,
                };
                self.ask("window/showDocument", params)?;
                Ok(Ok(Value::Null))
            }
        }
    }

    fn notification(&mut self, notification: Notification) -> io::Result<()> {
        let params = notification.params;
        let understood = match notification.method.as_str() {
            "initialized" => return self.watch(),
            "textDocument/didOpen" => read(params).map(|params: DidOpenTextDocumentParams| {
                self.documents.open(params.text_document);
            }),
            "textDocument/didChange" => read(params).map(|params| self.change(params)),
            "textDocument/didClose" => match read(params) {
                Ok(params) => return self.close(params),
                Err(refusal) => Err(refusal),
            },
            "textDocument/didSave" | "workspace/didChangeWatchedFiles" => {
                self.outdate();
                Ok(())
            }
            _ => Ok(()),
        };
        match understood {
            Ok(()) => Ok(()),
            Err((_, message)) => self.log(&format!("{}: {message}", notification.method)),
        }
    }

    fn change(&mut self, params: DidChangeTextDocumentParams) {
        let document = params.text_document;
        let encoding = self.client.encoding;
        let changes = params.content_changes;
        self.documents
            .change(&document.uri, document.version, changes, encoding);
    }

    fn close(&mut self, params: DidCloseTextDocumentParams) -> io::Result<()> {
        let Some(uri) = self.documents.close(&params.text_document.uri) else {
            return Ok(());
        };
        self.documents.outdate();
        self.diagnostics(uri, Vec::new(), None)
    }

    /// What lies on disk may have changed.
    fn outdate(&mut self) {
        self.settings.outdate();
        self.histories.outdate();
        self.documents.outdate();
    }

    /// Judges what changed and tells what was found.
    ///
    /// # Errors
    /// What writing answers.
    pub fn publish(&mut self) -> io::Result<()> {
        if !self.documents.all().any(|document| document.stale) {
            return Ok(());
        }
        let judge = || self.histories.judge(&self.documents, &mut self.settings);
        let judged = catch_unwind(AssertUnwindSafe(judge));
        self.documents.settle();
        let Ok(judged) = judged else {
            return self.log("bowline has a bug here; its standard error says more");
        };
        for name in judged {
            let (Some(view), Some(document)) = (self.view(&name), self.documents.get(&name)) else {
                continue;
            };
            let diagnostics = view.diagnostics(&name);
            let (uri, version) = (document.uri.clone(), document.version);
            self.diagnostics(uri, diagnostics, Some(version))?;
        }
        self.publish_mistakes()
    }

    /// Mistakes in configurations, and that there are none any more.
    fn publish_mistakes(&mut self) -> io::Result<()> {
        let mut messages = Vec::new();
        for (file, error) in self.settings.files() {
            let changed = match error {
                Some(_) => {
                    self.mistaken.insert(file.to_path_buf());
                    true
                }
                None => self.mistaken.remove(file),
            };
            let uri = place::uri(&file.to_string_lossy()).filter(|_| changed);
            messages.extend(uri.map(|uri| (uri, error.map(of_config))));
        }
        for (uri, diagnostic) in messages {
            self.diagnostics(uri, diagnostic.into_iter().collect(), None)?;
        }
        Ok(())
    }

    fn view(&self, name: &str) -> Option<View<'_>> {
        Some(View {
            report: self.histories.report(name)?,
            documents: &self.documents,
            encoding: self.client.encoding,
        })
    }

    fn diagnostics(
        &mut self,
        uri: Uri,
        diagnostics: Vec<lsp_types::Diagnostic>,
        version: Option<i32>,
    ) -> io::Result<()> {
        let params = PublishDiagnosticsParams::new(uri, diagnostics, version);
        self.tell("textDocument/publishDiagnostics", params)
    }

    /// Asks to be told when files change that histories are made of.
    fn watch(&mut self) -> io::Result<()> {
        if !self.client.watches_files {
            return Ok(());
        }
        let globs = [
            "**/*.sql",
            "**/*.{toml,conf,hcl,plan,sum}",
            "**/_journal.json",
        ];
        let watchers: Vec<Value> = globs
            .iter()
            .map(|glob| json!({ "globPattern": glob }))
            .collect();
        let registration = json!({
            "id": "files",
            "method": "workspace/didChangeWatchedFiles",
            "registerOptions": { "watchers": watchers },
        });
        let params = json!({ "registrations": [registration] });
        self.ask("client/registerCapability", params)
    }

    fn log(&mut self, message: &str) -> io::Result<()> {
        self.tell(
            "window/logMessage",
            json!({ "type": 1, "message": message }),
        )
    }

    fn refuse(&mut self, id: RequestId, code: ErrorCode, message: String) -> io::Result<()> {
        self.send(Response::new_err(id, code as i32, message).into())
    }

    fn ask(&mut self, method: &str, params: impl Serialize) -> io::Result<()> {
        self.asked += 1;
        let params = serde_json::to_value(params)?;
        self.send(Request::new(self.asked.into(), method.into(), params).into())
    }

    fn tell(&mut self, method: &str, params: impl Serialize) -> io::Result<()> {
        let params = serde_json::to_value(params)?;
        self.send(Notification::new(method.into(), params).into())
    }

    fn send(&mut self, message: Message) -> io::Result<()> {
        wire::write(&mut self.out, &message)
    }
}

fn read<T: DeserializeOwned>(params: Value) -> Result<T, (ErrorCode, String)> {
    serde_json::from_value(params).map_err(|error| (ErrorCode::InvalidParams, error.to_string()))
}

fn written(result: impl Serialize) -> Answer {
    serde_json::to_value(result).map_err(|error| (ErrorCode::InternalError, error.to_string()))
}

impl Client {
    fn new(params: &InitializeParams) -> Self {
        let capabilities = &params.capabilities;
        let general = capabilities.general.as_ref();
        let offered = general.and_then(|general| general.position_encodings.as_deref());
        let window = capabilities.window.as_ref();
        let workspace = capabilities.workspace.as_ref();
        Self {
            encoding: Encoding::chosen(offered.unwrap_or_default()),
            shows_documents: window
                .and_then(|window| window.show_document.as_ref())
                .is_some_and(|show| show.support),
            watches_files: workspace
                .and_then(|workspace| workspace.did_change_watched_files)
                .is_some_and(|watched| watched.dynamic_registration == Some(true)),
        }
    }
}

/// Stands in the first folder of the workspace, so that paths read as they do
/// on a command line there. Where that fails, paths stay absolute.
fn enter(params: &InitializeParams) {
    let folders = params.workspace_folders.as_deref().unwrap_or_default();
    #[allow(deprecated)]
    let root = folders
        .first()
        .map(|folder| &folder.uri)
        .or(params.root_uri.as_ref());
    if let Some(root) = root.and_then(place::path) {
        let _ = std::env::set_current_dir(root);
    }
}

fn capabilities(client: Client) -> ServerCapabilities {
    let sync = TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(TextDocumentSyncKind::INCREMENTAL),
        save: Some(SaveOptions::default().into()),
        ..TextDocumentSyncOptions::default()
    };
    let actions = CodeActionOptions {
        code_action_kinds: Some(vec![CodeActionKind::QUICKFIX]),
        ..CodeActionOptions::default()
    };
    let commands = ExecuteCommandOptions {
        commands: vec![OPEN_PAGE.into()],
        ..ExecuteCommandOptions::default()
    };
    ServerCapabilities {
        position_encoding: Some(client.encoding.kind()),
        text_document_sync: Some(TextDocumentSyncCapability::Options(sync)),
        hover_provider: Some(HoverProviderCapability::Simple(true)),
        code_action_provider: Some(actions.into()),
        execute_command_provider: client.shows_documents.then_some(commands),
        ..ServerCapabilities::default()
    }
}
