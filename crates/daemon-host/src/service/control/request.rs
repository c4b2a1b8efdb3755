//! What may be asked on the control socket, and the form of a refusal.

use std::sync::mpsc::Sender;

use serde_json::{Value, json};

/// What may be asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Request {
    /// Read the configuration again.
    Reload,
    /// Tell what is in force.
    Status,
}

impl Request {
    /// The word on the socket.
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Reload => "reload",
            Self::Status => "status",
        }
    }

    pub(super) fn parse(line: &[u8]) -> Option<Self> {
        [Self::Reload, Self::Status]
            .into_iter()
            .find(|request| request.as_str().as_bytes() == line.trim_ascii())
    }
}

/// A request, with the means to answer it.
#[derive(Debug)]
pub struct Pending {
    request: Request,
    answer: Sender<Value>,
}

impl Pending {
    pub(super) fn new(request: Request, answer: Sender<Value>) -> Self {
        Self { request, answer }
    }

    /// What is asked.
    pub fn request(&self) -> Request {
        self.request
    }

    /// Answers with a JSON document. It is no failure if the client has gone.
    pub fn answer(self, answer: Value) {
        let _ = self.answer.send(answer);
    }
}

/// The answer to a request that is not carried out.
pub(super) fn refusal(kind: &str, message: &str) -> Value {
    json!({ "error": { "kind": kind, "message": message } })
}
