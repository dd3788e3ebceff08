//! A stub of an HTTP server that takes webhooks.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};

/// Listens on loopback; answers as it is told, then with 200.
#[derive(Clone, Debug)]
pub(crate) struct Stub {
    pub(crate) address: String,
    answers: Arc<Mutex<Vec<u16>>>,
    bodies: Arc<Mutex<Vec<serde_json::Value>>>,
}

impl Stub {
    /// The first answers are these; 0 hangs up without one.
    pub(crate) fn answering(answers: &[u16]) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let mut answers = answers.to_vec();
        answers.reverse();
        let stub = Self { address, answers: Arc::new(Mutex::new(answers)), bodies: Arc::default() };
        let serving = stub.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                serving.serve(stream);
            }
        });
        stub
    }

    /// Where nobody listens.
    pub(crate) fn gone() -> Self {
        Self { address: "http://127.0.0.1:1".to_owned(), answers: Arc::default(), bodies: Arc::default() }
    }

    /// What was posted.
    pub(crate) fn bodies(&self) -> Vec<serde_json::Value> {
        self.bodies.lock().expect("whole").clone()
    }

    /// The causes of what was posted, those that are over with a minus sign.
    pub(crate) fn causes(&self) -> Vec<String> {
        let cause = |body: serde_json::Value| {
            let payload = &body["metadata"]["event_payload"];
            let sign = if payload["recovered"] == true { "-" } else { "" };
            format!("{sign}{}", payload["cause"].as_str().expect("a cause"))
        };
        self.bodies().into_iter().map(cause).collect()
    }

    fn serve(&self, stream: std::net::TcpStream) {
        let mut reader = BufReader::new(stream);
        let mut length = 0;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return;
            }
            if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
                length = value.trim().parse().expect("a length");
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut body = vec![0; length];
        reader.read_exact(&mut body).expect("the whole body");
        self.bodies.lock().expect("whole").push(serde_json::from_slice(&body).expect("JSON"));
        let status = self.answers.lock().expect("whole").pop().unwrap_or(200);
        if status > 0 {
            let moved = if status == 302 { "Location: http://127.0.0.1:1/elsewhere\r\n" } else { "" };
            let answer = format!("HTTP/1.1 {status} x\r\n{moved}Content-Length: 0\r\nConnection: close\r\n\r\n");
            let _ = reader.get_mut().write_all(answer.as_bytes());
        }
    }
}

/// Takes connections, and never answers.
#[derive(Debug)]
pub(crate) struct Silent {
    pub(crate) address: String,
    taken: Arc<Mutex<Vec<std::net::TcpStream>>>,
}

impl Silent {
    pub(crate) fn new() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let address = format!("http://{}", listener.local_addr().expect("bound"));
        let silent = Self { address, taken: Arc::default() };
        let taken = silent.taken.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                taken.lock().expect("whole").push(stream);
            }
        });
        silent
    }

    pub(crate) fn connections(&self) -> usize {
        self.taken.lock().expect("whole").len()
    }
}
