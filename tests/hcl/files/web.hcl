# A service as people write it today.
variable "image" {
  type        = string
  description = "What is run"
  default     = "example/web"
}

variable "tag" {
  default = "1.2"
}

variable "racks" {
  type    = map(number)
  default = {
    r1 = 60
    r2 = 40
  }
}

variable "ports" {
  type = list(object({
    label  = string
    number = optional(number, 0)
    to     = number
  }))
  default = [
    { label = "http", to = 8080 },
    { label = "admin", number = 9901, to = 9901 },
  ]
}

locals {
  name  = join("-", ["web", local.stage])
  stage = "prod"
  tags  = [for rack, share in var.racks : "${upper(rack)}=${share}" if share > 50]
}

job "web" {
  name        = local.name
  datacenters = ["eu1", "eu2"]
  node_pool   = "front"
  priority    = 60

  constraint {
    attribute = "${attr.kernel.name}"
    value     = "linux"
  }

  constraint {
    attribute = "${attr.os.version}"
    version   = ">= 22.04"
  }

  constraint {
    attribute = "${meta.zone}"
    regexp    = "^[ab]$"
  }

  constraint {
    distinct_property = "${meta.rack}"
    value             = 3
  }

  spread {
    attribute = "${meta.rack}"
    weight    = 80

    dynamic "target" {
      for_each = var.racks
      labels   = [target.key]
      content {
        percent = target.value
      }
    }
  }

  meta = {
    "owner.team" = "shop"
    build        = 17
  }

  group "front" {
    count = local.stage == "prod" ? 3 : 1

    network {
      mode = "bridge"
      dns {
        servers = ["10.0.0.2"]
      }
      dynamic "port" {
        for_each = var.ports
        iterator = it
        labels   = [it.value.label]
        content {
          static = it.value.number
          to     = it.value.to
        }
      }
    }

    volume "data" {
      type            = "csi"
      source          = "data"
      access_mode     = "single-node-writer"
      attachment_mode = "file-system"
      per_alloc       = true
    }

    update {
      max_parallel     = 1
      canary           = 1
      auto_promote     = true
      min_healthy_time = "15s"
    }

    disconnect {
      lost_after = "6h"
      replace    = false
    }

    service {
      name     = "web"
      port     = "http"
      provider = "nomad"
      tags     = concat(["v${var.tag}"], local.tags)

      check {
        type     = "http"
        path     = "/health"
        interval = "10s"
        timeout  = "1500ms"
        header {
          Origin = ["example.org"]
        }
      }
    }

    task "server" {
      driver = "docker"

      config {
        image = "${var.image}:${var.tag}"
        ports = var.ports[*].label
        args  = ["--listen", "$${listen}", "--port=${NOMAD_PORT_http}"]

        logging {
          type = "journald"
          config {
            tag = "web"
          }
        }
      }

      env {
        STAGE = local.stage
        RACKS = jsonencode(keys(var.racks))
      }

      template {
        destination = "local/motd"
        data        = <<-EOT
          welcome to ${local.name}
          %{ for rack, share in var.racks ~}
          ${rack}: ${share} %
          %{ endfor ~}
          on ${node.unique.name}
        EOT
      }

      resources {
        cpu        = 500
        memory     = 256
        memory_max = 512

        device "nvidia/gpu" {
          count = 1
          affinity {
            attribute = "${device.attr.memory}"
            operator  = ">="
            value     = "8 GiB"
            weight    = 50
          }
        }
      }
    }
  }
}
