//! Counts the clients that are served now, and ends them all.

use std::net::Shutdown;
use std::os::unix::net::{UnixListener, UnixStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

/// How many clients are served at a time. Each has a thread and a descriptor.
pub(super) const MOST_CLIENTS: usize = 16;

/// A listener and its clients.
#[derive(Debug)]
pub(super) struct Hall {
    listener: UnixListener,
    clients: Mutex<Vec<Weak<UnixStream>>>,
    is_closed: AtomicBool,
}

/// One of the places for clients; dropping it frees the place.
pub(super) struct Seat(Arc<Hall>);

impl Hall {
    pub(super) fn new(listener: UnixListener) -> Self {
        Self {
            listener,
            clients: Mutex::default(),
            is_closed: AtomicBool::new(false),
        }
    }

    pub(super) fn listener(&self) -> &UnixListener {
        &self.listener
    }

    pub(super) fn is_closed(&self) -> bool {
        self.is_closed.load(Ordering::Acquire)
    }

    /// A place for this client, if one is free.
    pub(super) fn seat(self: &Arc<Self>, stream: &Arc<UnixStream>) -> Option<Seat> {
        let mut clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        clients.retain(|client| client.strong_count() > 0);
        if clients.len() >= MOST_CLIENTS {
            return None;
        }
        clients.push(Arc::downgrade(stream));
        Some(Seat(Arc::clone(self)))
    }

    /// Lets no new client in. A client that still writes its line reaches the end of input. A
    /// client that waits for an answer still gets it.
    pub(super) fn close(&self) {
        self.is_closed.store(true, Ordering::Release);
        // Wakes the thread that accepts.
        let _ = rustix::net::shutdown(&self.listener, rustix::net::Shutdown::Both);
        let clients = self.clients.lock().unwrap_or_else(PoisonError::into_inner);
        for stream in clients.iter().filter_map(Weak::upgrade) {
            // Only reading ends: an answer that is being made must still get out.
            let _ = stream.shutdown(Shutdown::Read);
        }
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        let mut clients = self
            .0
            .clients
            .lock()
            .unwrap_or_else(PoisonError::into_inner);
        // Whoever frees a place has closed its stream before.
        clients.retain(|client| client.strong_count() > 0);
    }
}
