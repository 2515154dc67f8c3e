// A job in the first version of the language.
job "nightly" {
  type = "batch"
  datacenters = ["eu1"]
  "region" = "eu"

  periodic {
    cron = "15 2 * * *"
    prohibit_overlap = true
    time_zone = "Europe/Berlin"
  }

  vault {
    policies = ["nightly"]
  }

  /* This task
     has a group of its own. */
  task "report" {
    driver = "exec"
    config {
      command = "/bin/report"
      "args" = ["--all", "${NOMAD_META_month}"]
      port_map = {
        db = 5432
      }
    }
    env {
      "VERBOSE" = true
      DAYS = 31
    }
    resources {
      cpu = "250"
      memory = 64
      network {
        mbits = 10
        port "db" {}
        port "old" { static = 5432 }
      }
    }
    artifact {
      source = "https://example.org/report.tgz"
      options { checksum = "md5:1d6f9a3f5d1f3a7e5d6f" }
    }
    logs { max_files = 3 }
    kill_timeout = "1m30s"
  }

  group "load" {
    count = 2
    constraint {
      distinct_hosts = true
    }
    restart {
      attempts = 0
      mode = "fail"
    }
    ephemeral_disk { size = 500 }
    task "load" {
      driver = "exec"
      config { command = "/bin/load" }
      vault { policies = ["load"] }
      lifecycle { hook = "poststop" }
    }
  }
}
