//! A stub of a mail server that speaks STARTTLS.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rustls::pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Listens on loopback as `localhost`, with a certificate of its own making.
#[derive(Clone, Debug)]
pub(crate) struct Stub {
    pub(crate) port: u16,
    /// The certificate in PEM.
    pub(crate) certificate: String,
    heard: Arc<Mutex<Vec<String>>>,
    refused: Arc<Mutex<Option<String>>>,
}

impl Stub {
    pub(crate) fn new(offers_starttls: bool) -> Self {
        let made = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
        let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
        let config = server(made.cert.der().clone(), key);
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let port = listener.local_addr().expect("bound").port();
        let stub = Self { port, certificate: made.cert.pem(), heard: Arc::default(), refused: Arc::default() };
        let serving = stub.clone();
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (serving, config) = (serving.clone(), offers_starttls.then(|| config.clone()));
                std::thread::spawn(move || serving.serve(stream, config));
            }
        });
        stub
    }

    /// The certificate as a file.
    pub(crate) fn root(&self, folder: &std::path::Path) -> PathBuf {
        let path = folder.join("root.pem");
        std::fs::write(&path, &self.certificate).expect("written");
        path
    }

    /// The lines that clients said, `tls ` before those said over TLS.
    pub(crate) fn heard(&self) -> Vec<String> {
        self.heard.lock().expect("whole").clone()
    }

    /// Takes no mail to this address from here on, and hears `refused` where it is named.
    pub(crate) fn refuse(&self, address: &str) {
        *self.refused.lock().expect("whole") = Some(address.to_owned());
    }

    fn refuses(&self, line: &str) -> bool {
        self.refused.lock().expect("whole").as_ref().is_some_and(|address| line.contains(address))
    }

    fn serve(&self, mut stream: TcpStream, tls: Option<Arc<ServerConfig>>) {
        let _ = stream.write_all(b"220 stub\r\n");
        let mut reader = BufReader::new(stream);
        let offered = if tls.is_some() { "250-localhost\r\n250 STARTTLS\r\n" } else { "250 localhost\r\n" };
        if !self.talk(&mut reader, "", offered) {
            return;
        }
        let Some(config) = tls else { return };
        let Ok(connection) = ServerConnection::new(config) else { return };
        let mut reader = BufReader::new(StreamOwned::new(connection, reader.into_inner()));
        self.talk(&mut reader, "tls ", "250-localhost\r\n250 AUTH PLAIN\r\n");
    }

    /// Answers until STARTTLS (true) or the end.
    fn talk<S: Read + Write>(&self, reader: &mut BufReader<S>, mark: &str, hello: &str) -> bool {
        let mut in_message = false;
        loop {
            let mut line = String::new();
            if reader.read_line(&mut line).unwrap_or(0) == 0 {
                return false;
            }
            let line = line.trim_end();
            self.heard.lock().expect("whole").push(format!("{mark}{line}"));
            let word = line.split([' ', ':']).next().unwrap_or("").to_ascii_uppercase();
            let answer = match word.as_str() {
                _ if in_message && line != "." => continue,
                "." => "250 taken\r\n",
                "EHLO" => hello,
                "STARTTLS" => "220 go on\r\n",
                "AUTH" => "235 welcome\r\n",
                "DATA" => "354 go on\r\n",
                "QUIT" => "221 bye\r\n",
                "RCPT" if self.refuses(line) => {
                    self.heard.lock().expect("whole").push("refused".to_owned());
                    "550 no such user\r\n"
                }
                _ => "250 ok\r\n",
            };
            in_message = word == "DATA";
            if reader.get_mut().write_all(answer.as_bytes()).is_err() || reader.get_mut().flush().is_err() {
                return false;
            }
            if word == "STARTTLS" {
                return true;
            }
        }
    }
}

fn server(certificate: CertificateDer<'static>, key: PrivateKeyDer<'static>) -> Arc<ServerConfig> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .and_then(|config| config.with_no_client_auth().with_single_cert(vec![certificate], key));
    Arc::new(config.expect("a server"))
}
