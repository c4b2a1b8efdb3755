//! The ways by which others reach the daemon: its control socket and its pidfile.

use std::path::Path;
use std::sync::mpsc::Sender;

use anyhow::Context as _;
use daemon_host::service::{ControlSocket, Pidfile};

use super::args::{Args, CONTROL_SOCKET};
use super::event::Event;

/// The control socket and the pidfile. When this is dropped, the files are removed.
pub(super) struct Doors {
    control: ControlSocket,
    _pidfile: Option<Pidfile>,
}

impl Doors {
    pub(super) fn open(
        args: &Args,
        exec_root: &Path,
        sender: Sender<Event>,
    ) -> anyhow::Result<Self> {
        let default = || exec_root.join(CONTROL_SOCKET);
        let socket = args.socket.clone().unwrap_or_else(default);
        let control = ControlSocket::listen(&socket, move |asked| {
            // If the main thread is gone, the process is about to end.
            let _ = sender.send(Event::Asked(asked));
        });
        let control = control.with_context(|| format!("socket({socket:?})"))?;
        let write =
            |path: &Path| Pidfile::write(path).with_context(|| format!("pidfile({path:?})"));
        let pidfile = args.pidfile.as_deref().map(write).transpose()?;
        Ok(Self {
            control,
            _pidfile: pidfile,
        })
    }

    /// Accepts no client any more. The files stay until the end.
    pub(super) fn close(&self) {
        self.control.close();
    }
}
