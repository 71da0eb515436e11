//! The table of all methods of all services.

use protox::prost_reflect::MethodDescriptor;

use super::{first_sentence, markdown};
use crate::contract::{Contract, place};

/// One row a method: service, name, what it does.
pub fn table(contract: &Contract) -> String {
    let rows: Vec<[String; 3]> = contract
        .services()
        .flat_map(|service| service.methods().map(|method| row(&method)).collect::<Vec<_>>())
        .collect();
    markdown(["Service", "Method", "What it does"], &rows)
}

fn row(method: &MethodDescriptor) -> [String; 3] {
    let streams = match (method.is_client_streaming(), method.is_server_streaming()) {
        (false, false) => "",
        (false, true) => " (server stream)",
        (true, false) => " (client stream)",
        (true, true) => " (bidirectional stream)",
    };
    let comment = place(&method.parent_file(), method.path()).comment;
    [method.parent_service().name().to_owned(), format!("`{}`{streams}", method.name()), first_sentence(&comment)]
}

#[cfg(test)]
mod tests {
    use super::table;
    use crate::contract::tests::contract;

    #[test]
    fn a_method_is_a_row_with_the_first_sentence_of_its_comment() {
        let body = "message M {}\nservice S {\n // Streams it. At length.\n rpc Watch(M) returns (stream M);\n}";
        let rows = table(&contract(body));
        assert_eq!(rows.lines().last(), Some("| S | `Watch` (server stream) | Streams it. |"));
    }
}
