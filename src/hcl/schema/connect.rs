//! The service mesh, of which scheduling reads little and keeps everything.

use super::resources::{LOGS, RESOURCES};
use super::{Shape, any, duration, int, many, one, text, text_map, texts, truth};

pub(super) static CONNECT: Shape = Shape::new(
    "connect",
    &[&[
        truth("native", "Native").or_bool(false),
        one("gateway", "Gateway", &GATEWAY),
        one("sidecar_service", "SidecarService", &SIDECAR_SERVICE),
        one("sidecar_task", "SidecarTask", &SIDECAR_TASK),
    ]],
);

static SIDECAR_SERVICE: Shape = Shape::new(
    "sidecar_service",
    &[&[
        texts("tags", "Tags"),
        text("port", "Port").or_empty(),
        one("proxy", "Proxy", &PROXY),
        truth("disable_default_tcp_check", "DisableDefaultTCPCheck").or_bool(false),
        text_map("meta", "Meta").or_left_out(),
    ]],
);

static PROXY: Shape = Shape::new(
    "proxy",
    &[&[
        text("local_service_address", "LocalServiceAddress").or_empty(),
        int("local_service_port", "LocalServicePort").or_int(0),
        one("expose", "ExposeConfig", &EXPOSE),
        many("upstreams", "Upstreams", &UPSTREAM),
        any("config", "Config"),
        one("transparent_proxy", "TransparentProxy", &TRANSPARENT_PROXY).or_left_out(),
    ]],
);

static TRANSPARENT_PROXY: Shape = Shape::new(
    "transparent_proxy",
    &[&[
        text("uid", "UID").or_empty(),
        int("outbound_port", "OutboundPort").or_int(0),
        texts("exclude_inbound_ports", "ExcludeInboundPorts"),
        texts("exclude_outbound_ports", "ExcludeOutboundPorts"),
        texts("exclude_outbound_cidrs", "ExcludeOutboundCIDRs"),
        texts("exclude_uids", "ExcludeUIDs"),
        truth("no_dns", "NoDNS").or_bool(false),
    ]],
);

static EXPOSE: Shape = Shape::new("expose", &[&[many("path", "Path", &EXPOSED_PATH)]]);

static EXPOSED_PATH: Shape = Shape::new(
    "path",
    &[&[
        text("path", "Path").or_empty(),
        text("protocol", "Protocol").or_empty(),
        int("local_path_port", "LocalPathPort").or_int(0),
        text("listener_port", "ListenerPort").or_empty(),
    ]],
);

static UPSTREAM: Shape = Shape::new(
    "upstreams",
    &[&[
        text("destination_name", "DestinationName").or_empty(),
        int("local_bind_port", "LocalBindPort").or_int(0),
        text("datacenter", "Datacenter").or_empty(),
        text("local_bind_address", "LocalBindAddress").or_empty(),
        one("mesh_gateway", "MeshGateway", &MESH_GATEWAY),
        text("destination_namespace", "DestinationNamespace").or_left_out(),
        text("destination_peer", "DestinationPeer").or_left_out(),
        text("destination_partition", "DestinationPartition").or_left_out(),
        text("destination_type", "DestinationType").or_left_out(),
        text("local_bind_socket_path", "LocalBindSocketPath").or_left_out(),
        text("local_bind_socket_mode", "LocalBindSocketMode").or_left_out(),
        any("config", "Config").or_left_out(),
    ]],
);

static MESH_GATEWAY: Shape = Shape::new("mesh_gateway", &[&[text("mode", "Mode").or_empty()]]);

static SIDECAR_TASK: Shape = Shape::new(
    "sidecar_task",
    &[&[
        text("name", "Name").or_empty(),
        text("driver", "Driver").or_empty(),
        text("user", "User").or_empty(),
        any("config", "Config"),
        text_map("env", "Env"),
        one("resources", "Resources", &RESOURCES),
        text_map("meta", "Meta"),
        duration("kill_timeout", "KillTimeout"),
        one("logs", "LogConfig", &LOGS),
        duration("shutdown_delay", "ShutdownDelay"),
        text("kill_signal", "KillSignal").or_empty(),
    ]],
);

static GATEWAY: Shape = Shape::new(
    "gateway",
    &[&[
        one("proxy", "Proxy", &GATEWAY_PROXY),
        one("ingress", "Ingress", &INGRESS),
        one("terminating", "Terminating", &TERMINATING),
        one("mesh", "Mesh", &MESH),
    ]],
);

static MESH: Shape = Shape::new("mesh", &[]);

static GATEWAY_PROXY: Shape = Shape::new(
    "proxy",
    &[&[
        duration("connect_timeout", "ConnectTimeout"),
        truth("envoy_gateway_bind_tagged_addresses", "EnvoyGatewayBindTaggedAddresses")
            .or_bool(false),
        any("envoy_gateway_bind_addresses", "EnvoyGatewayBindAddresses"),
        truth("envoy_gateway_no_default_bind", "EnvoyGatewayNoDefaultBind").or_bool(false),
        text("envoy_dns_discovery_type", "EnvoyDNSDiscoveryType").or_empty(),
        any("config", "Config"),
    ]],
);

static INGRESS: Shape =
    Shape::new("ingress", &[&[one("tls", "TLS", &TLS), many("listener", "Listeners", &LISTENER)]]);

static TLS: Shape = Shape::new(
    "tls",
    &[&[
        truth("enabled", "Enabled").or_bool(false),
        text("tls_min_version", "TLSMinVersion").or_left_out(),
        text("tls_max_version", "TLSMaxVersion").or_left_out(),
        texts("cipher_suites", "CipherSuites").or_left_out(),
    ]],
);

static LISTENER: Shape = Shape::new(
    "listener",
    &[&[
        int("port", "Port").or_int(0),
        text("protocol", "Protocol").or_empty(),
        many("service", "Services", &LISTENER_SERVICE),
    ]],
);

static LISTENER_SERVICE: Shape =
    Shape::new("service", &[&[text("name", "Name").or_empty(), texts("hosts", "Hosts")]]);

static TERMINATING: Shape =
    Shape::new("terminating", &[&[many("service", "Services", &LINKED_SERVICE)]]);

static LINKED_SERVICE: Shape = Shape::new(
    "service",
    &[&[
        text("name", "Name").or_empty(),
        text("ca_file", "CAFile").or_empty(),
        text("cert_file", "CertFile").or_empty(),
        text("key_file", "KeyFile").or_empty(),
        text("sni", "SNI").or_empty(),
    ]],
);
