//! The listening socket, whose connections can be cut on purpose: before the first byte of
//! an answer, or in the middle of its body. That is what a dying server, or a proxy that
//! gives up, looks like to a client; no HTTP answer can stand for it. Over TLS the same bytes
//! are counted before they are encrypted.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Poll, ready};

use axum::extract::connect_info::Connected;
use axum::serve::{IncomingStream, Listener};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};
use tokio_rustls::server::TlsStream;
use tokio_rustls::{Accept, TlsAcceptor};

const WHOLE: i64 = -1;

/// The shears for one connection.
#[derive(Debug, Clone)]
pub(super) struct Shears(Arc<AtomicI64>);

impl Shears {
    fn new() -> Self {
        Self(Arc::new(AtomicI64::new(WHOLE)))
    }

    /// Cuts the connection after so many bytes of the next answer's body; with `None`,
    /// before its first byte.
    pub(super) fn cut(&self, body_bytes: Option<usize>) {
        // One more than the bytes, so that 0 stands for no answer at all.
        let mark = body_bytes.map_or(0, |bytes| i64::try_from(bytes).unwrap_or(i64::MAX - 1) + 1);
        self.0.store(mark, Ordering::SeqCst);
    }

    fn mark(&self) -> i64 {
        self.0.load(Ordering::SeqCst)
    }
}

/// A listener that hands out such connections.
pub(super) struct Gate {
    listener: TcpListener,
    tls: Option<TlsAcceptor>,
}

impl Listener for Gate {
    type Io = Wire;
    type Addr = Shears;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, _) = Listener::accept(&mut self.listener).await;
        let shears = Shears::new();
        let wire = Wire {
            stream: match &self.tls {
                Some(acceptor) => Stream::Greeting(Box::new(acceptor.accept(stream))),
                None => Stream::Plain(stream),
            },
            shears: shears.clone(),
            head_end: 0,
        };
        (wire, shears)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        Ok(Shears::new())
    }
}

impl Gate {
    /// Opens the socket, for TLS where there is an acceptor.
    pub(super) async fn open(
        listen: SocketAddr,
        tls: Option<TlsAcceptor>,
    ) -> io::Result<(Self, SocketAddr)> {
        let listener = TcpListener::bind(listen).await?;
        let address = listener.local_addr()?;
        Ok((Self { listener, tls }, address))
    }
}

impl Connected<IncomingStream<'_, Gate>> for Shears {
    fn connect_info(stream: IncomingStream<'_, Gate>) -> Self {
        stream.remote_addr().clone()
    }
}

/// A connection as the system or TLS gives it.
enum Stream {
    Plain(TcpStream),
    /// TLS whose handshake is under way. It goes on as the connection is read from, so that
    /// a client that says nothing keeps no other waiting.
    Greeting(Box<Accept<TcpStream>>),
    Secure(Box<TlsStream<TcpStream>>),
    /// The handshake failed.
    Broken,
}

impl Stream {
    /// What to read from and write to, once the handshake is over.
    fn poll_open(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<Pin<&mut dyn Duplex>>> {
        if let Self::Greeting(accept) = self {
            let greeted = ready!(Pin::new(accept).poll(cx));
            *self = Self::Broken;
            *self = Self::Secure(Box::new(greeted?));
        }
        Poll::Ready(self.open().ok_or(io::ErrorKind::NotConnected.into()))
    }

    /// What to write to, where there is one yet.
    fn open(&mut self) -> Option<Pin<&mut dyn Duplex>> {
        match self {
            Self::Plain(stream) => Some(Pin::new(stream)),
            Self::Secure(stream) => Some(Pin::new(stream.as_mut())),
            Self::Greeting(_) | Self::Broken => None,
        }
    }
}

trait Duplex: AsyncRead + AsyncWrite + Unpin {}

impl<T: AsyncRead + AsyncWrite + Unpin> Duplex for T {}

/// A connection that stops writing when it is cut.
pub(super) struct Wire {
    stream: Stream,
    shears: Shears,
    /// How much of the blank line that ends an answer's head has gone by: 0 to 4.
    head_end: usize,
}

const HEAD_END: &[u8; 4] = b"\r\n\r\n";

impl Wire {
    /// How much of `buffer` may still be written; `None` once the connection is cut.
    fn allowed(&mut self, buffer: &[u8]) -> Option<usize> {
        match self.shears.mark() {
            WHOLE => Some(buffer.len()),
            0 => None,
            mark => {
                let head = self.head_len(buffer);
                let body_left = usize::try_from(mark - 1).unwrap_or(usize::MAX);
                match head.saturating_add(body_left).min(buffer.len()) {
                    0 if !buffer.is_empty() => None,
                    allowed => Some(allowed),
                }
            }
        }
    }

    /// How much of `buffer` belongs to the answer's head.
    fn head_len(&self, buffer: &[u8]) -> usize {
        let mut seen = self.head_end;
        for (at, byte) in buffer.iter().enumerate() {
            if seen == HEAD_END.len() {
                return at;
            }
            seen = advance(seen, *byte);
        }
        if seen == HEAD_END.len() && self.head_end == HEAD_END.len() {
            return 0;
        }
        buffer.len()
    }

    /// Counts what was written of a cut answer.
    fn wrote(&mut self, written: &[u8]) {
        let mark = self.shears.mark();
        if mark <= 0 {
            return;
        }
        let head = self.head_len(written);
        for byte in &written[..head] {
            self.head_end = advance(self.head_end, *byte);
        }
        let body = i64::try_from(written.len() - head).unwrap_or(i64::MAX);
        self.shears.0.store((mark - body).max(1), Ordering::SeqCst);
    }
}

fn advance(seen: usize, byte: u8) -> usize {
    match seen {
        4 => 4,
        _ if byte == HEAD_END[seen] => seen + 1,
        _ => usize::from(byte == HEAD_END[0]),
    }
}

fn cut_off() -> io::Error {
    io::Error::new(io::ErrorKind::ConnectionAborted, "cut on purpose")
}

impl AsyncRead for Wire {
    fn poll_read(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &mut ReadBuf<'_>,
    ) -> Poll<io::Result<()>> {
        ready!(self.stream.poll_open(cx))?.poll_read(cx, buffer)
    }
}

impl AsyncWrite for Wire {
    fn poll_write(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        buffer: &[u8],
    ) -> Poll<io::Result<usize>> {
        let Some(allowed) = self.allowed(buffer) else {
            // What came before the cut goes out.
            ready!(self.as_mut().poll_flush(cx))?;
            return Poll::Ready(Err(cut_off()));
        };
        let stream = ready!(self.stream.poll_open(cx))?;
        let poll = stream.poll_write(cx, &buffer[..allowed]);
        if let Poll::Ready(Ok(written)) = poll {
            self.wrote(&buffer[..written]);
        }
        poll
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.stream.open() {
            Some(stream) => stream.poll_flush(cx),
            None => Poll::Ready(Ok(())),
        }
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        match self.stream.open() {
            Some(stream) => stream.poll_shutdown(cx),
            None => Poll::Ready(Ok(())),
        }
    }
}
