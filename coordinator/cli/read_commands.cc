#include "coordinator/cli/read_commands.h"

#include <utility>

#include "absl/strings/str_cat.h"

#include "common/base/message_limits.h"
#include "common/base/nearest.h"
#include "common/trust/authority.h"

namespace lockstep::coordinator {
namespace {

TransportSettings ReadTransport(FlagReader& reader) {
  return {.insecure = reader.Is("insecure"),
          .credentials = reader.String("credentials", "CREDENTIALS")};
}

}  // namespace

ArchiveCommand ReadArchiveFlags(FlagReader& reader) {
  ReadSummary(reader);
  ArchiveCommand command{.test = ReadTest(reader, false),
                         .log = ReadLog(reader),
                         .exclude_env = reader.Is("exclude-env-vars", "EXCLUDE_ENV_VARS")};
  command.out = reader.Text("archive-out", "ARCHIVE_OUT").value_or(command.out);
  command.out_source = reader.source();
  if (command.out.empty()) {
    reader.Expected("", "a file, or - for standard output");
  }
  return command;
}

CoordinatorCommand ReadCoordinator(FlagReader& reader) {
  CoordinatorCommand command{.test = ReadTest(reader, true),
                             .run = ReadRun(reader, /*local=*/false),
                             .log = ReadLog(reader),
                             .transport = ReadTransport(reader)};
  command.listen = reader
                       .Value("listen", nullptr,
                              [&](const std::string& text) {
                                return reader.Address(text).value_or(command.listen);
                              })
                       .value_or(command.listen);
  command.listen_source = reader.source();
  command.wait_for_agents =
      reader.Time("wait-for-agents", command.wait_for_agents, "a duration such as 5m");
  return command;
}

ControlCommand ReadControl(FlagReader& reader, ControlCommand::Verb verb) {
  ControlCommand command{.verb = verb, .transport = ReadTransport(reader), .log = ReadLog(reader)};
  const std::optional<std::string> flag = reader.Text("address", "ADDRESS");
  if (const std::string word = reader.Argument(0); !word.empty()) {
    command.address = reader.Address(word, "server").value_or(command.address);
  } else if (flag.has_value()) {
    command.address = reader.Address(*flag).value_or(command.address);
  }
  command.json = reader.Is("json");
  command.watch = reader.Is("watch");
  command.now = reader.Is("now");
  command.vus = reader.Int("vus", -1, 0);
  command.max_vus = reader.Int("max", -1, 0);
  command.agents = reader.Int("agents", 0, 1, kMostAgents);
  if (verb == ControlCommand::Verb::kScale && !reader.Text("vus") && !reader.Text("max") &&
      !reader.Text("agents")) {
    reader.Error("scale: give --vus, --max, --agents or several of them");
  }
  return command;
}

NewCommand ReadNew(FlagReader& reader) {
  constexpr std::pair<const char*, RecordingFormat> kSources[] = {
      {"from-har", RecordingFormat::kHar},
      {"from-openapi", RecordingFormat::kOpenApi},
      {"from-postman", RecordingFormat::kPostman},
      {"from-curl", RecordingFormat::kCurl}};
  NewCommand command;
  command.log = ReadLog(reader);
  command.force = reader.Is("force");
  if (const std::string file = reader.Argument(0); !file.empty()) {
    command.file = file;
  }
  const auto take_template = [&](const std::string& name) {
    if (ScriptTemplate(name).empty()) {
      reader.Error(absl::StrCat(reader.source(), ": invalid value \"", name, "\"",
                                MeantOrAllowed(name, TemplateNames())));
    }
    return name;
  };
  command.template_name =
      reader.Value("template", nullptr, take_template).value_or(command.template_name);
  for (const auto& [flag, format] : kSources) {
    const std::optional<std::string> source = reader.Text(flag);
    if (!source.has_value()) {
      continue;
    }
    if (command.format.has_value() || reader.Text("template").has_value()) {
      reader.Error(
          absl::StrCat("--", flag, ": a script is made of one thing; take the other flag away (--",
                       command.format.has_value() ? command.source_flag : "template", ")"));
    }
    command.format = format;
    command.source = *source;
    command.source_flag = flag;
  }
  return command;
}

CertsCommand ReadCerts(FlagReader& reader, absl::string_view verb) {
  using Verb = CertsCommand::Verb;
  constexpr std::pair<absl::string_view, Verb> kVerbs[] = {
      {"init", Verb::kInit},   {"coordinator", Verb::kCoordinator},
      {"agent", Verb::kAgent}, {"operator", Verb::kOperator},
      {"renew", Verb::kRenew}, {"revoke", Verb::kRevoke}};
  CertsCommand command;
  for (const auto& [name, value] : kVerbs) {
    command.verb = name == verb ? value : command.verb;
  }
  command.log = ReadLog(reader);
  command.folder = reader.Text("folder").value_or(command.folder);
  command.out = reader.String("out");
  command.name = reader.Argument(0);
  for (const Setting& host : reader.List("host")) {
    command.hosts.push_back(host.value);
  }
  if (command.verb == Verb::kCoordinator && command.hosts.empty()) {
    reader.Error("--host is missing: the name or address that agents connect to");
  }
  if (reader.Text("days").has_value()) {
    command.days = reader.Int("days", 0, 1, kMostCertificateDays);
  }
  return command;
}

}  // namespace lockstep::coordinator
