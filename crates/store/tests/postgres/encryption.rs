//! What goes over the network.

use countersign_store::conformance::desk;
use countersign_store::postgres;
use countersign_store::{Store, StoreError};
use countersign_testbed::{Options, PASSWORD, Server};
use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};

use crate::failure;

/// A server with a certificate for its name, and the certificate of who signed it.
fn encrypting() -> (Server, String) {
    let server = Server::start(&Options::default());
    let mut authority = CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority = CertifiedIssuer::self_signed(authority, KeyPair::generate().unwrap()).unwrap();
    let key = KeyPair::generate().unwrap();
    let names = vec!["localhost".to_owned()];
    let certificate = CertificateParams::new(names).unwrap().signed_by(&key, &authority).unwrap();
    let certificate = server.write_file("server.crt", &certificate.pem());
    let key = server.write_file("server.key", &key.serialize_pem());
    for (name, path) in [("ssl_cert_file", certificate), ("ssl_key_file", key)] {
        server.sql("postgres", &format!("ALTER SYSTEM SET {name} = '{}'", path.display()));
    }
    server.sql("postgres", "ALTER SYSTEM SET ssl = on");
    server.stop();
    server.start_again();
    let root = server.write_file("root.crt", &authority.pem());
    (server, root.display().to_string())
}

#[test]
fn a_connection_is_encrypted_as_the_address_asks() {
    let (server, root) = encrypting();
    let database = server.new_database();
    let by_address = server.url(&database);
    let by_name = by_address.replace("127.0.0.1", "localhost");
    postgres::create(&by_address, &desk::identity(), desk::start(), None).unwrap();
    for (url, query, encrypted) in [
        (&by_address, String::new(), "t"),
        (&by_address, "?sslmode=disable".to_owned(), "f"),
        (&by_address, "?sslmode=prefer".to_owned(), "t"),
        (&by_name, format!("?sslmode=require&sslrootcert={root}"), "t"),
        (&by_name, format!("?sslmode=verify-full&sslrootcert={}", root.replace('/', "%2F")), "t"),
    ] {
        let name = "&application_name=encryption";
        let query = if query.is_empty() { name.replacen('&', "?", 1) } else { format!("{query}{name}") };
        let store = postgres::open(&format!("{url}{query}"), None).unwrap();
        let ssl = "SELECT bool_and(ssl) FROM pg_stat_ssl JOIN pg_stat_activity USING (pid) \
                   WHERE application_name = 'encryption'";
        assert_eq!(server.sql(&database, ssl), encrypted, "{query}");
        drop(store);
        while !server.sql(&database, ssl).is_empty() {}
    }
    for (url, query) in [
        // Signed by nobody that the system knows, and not by that name.
        (&by_name, "?sslmode=require".to_owned()),
        (&by_address, format!("?sslmode=verify-full&sslrootcert={root}")),
    ] {
        let error = failure(postgres::open(&format!("{url}{query}"), None));
        assert!(matches!(&error, StoreError::Lost { why } if why.contains("certificate")), "{query}: {error}");
        assert!(!error.to_string().contains(PASSWORD));
    }
}

#[test]
fn a_server_that_cannot_encrypt_is_refused_where_it_must() {
    let server = countersign_testbed::shared();
    let database = server.new_database();
    let url = server.url(&database);
    let store = postgres::create(&url, &desk::identity(), desk::start(), None).unwrap();
    desk::furnish(&store, &["alice"]);
    let error = failure(postgres::open(&format!("{url}?sslmode=require"), None));
    assert!(matches!(&error, StoreError::Lost { why } if why.contains("TLS")), "{error}");
    let error = failure(postgres::open(&format!("{url}?sslmode=always"), None));
    assert!(matches!(&error, StoreError::Refused { why } if why.contains("sslmode")), "{error}");
    assert_eq!(store.identity(), &desk::identity());
}
