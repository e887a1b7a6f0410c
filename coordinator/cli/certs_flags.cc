#include "coordinator/cli/certs_flags.h"

namespace lockstep::coordinator {
namespace {

using Verb = CertsCommand::Verb;

CLI::App* AddVerb(CLI::App* certs, CertsCommand* command, Verb verb, const char* name,
                  const char* help) {
  CLI::App* added = certs->add_subcommand(name, help);
  added->callback([command, verb] { command->verb = verb; });
  added->add_option("--folder", command->folder, "of the authority (lockstep-ca)");
  return added;
}

CLI::App* AddIssuing(CLI::App* certs, CertsCommand* command, Verb verb, const char* name,
                     const char* help) {
  CLI::App* added = AddVerb(certs, command, verb, name, help);
  added->add_option("name", command->name, "of the certificate's owner; default: its role");
  added->add_option("--out", command->out, "folder to make; default: the owner's name");
  added->add_option("--days", command->days, "of validity (365)");
  return added;
}

}  // namespace

void AddCertsCommands(CLI::App* certs, CertsCommand* command) {
  certs->require_subcommand(1);
  CLI::App* init =
      AddVerb(certs, command, Verb::kInit, "init", "make an authority and a join token");
  init->add_option("name", command->name, "of the fleet (lockstep-fleet)");
  init->add_option("--days", command->days, "of validity (3650)");
  AddIssuing(certs, command, Verb::kCoordinator, "coordinator",
             "make the credentials of a coordinator")
      ->add_option("--host", command->hosts,
                   "name or address that agents connect to; may be repeated")
      ->required();
  AddIssuing(certs, command, Verb::kAgent, "agent",
             "make the credentials of an agent, or of agents that share them");
  AddIssuing(certs, command, Verb::kOperator, "operator",
             "make the credentials for status, pause, resume, scale and stop");
  CLI::App* renew =
      AddVerb(certs, command, Verb::kRenew, "renew",
              "issue a certificate anew, with a new key, in the place of the former one");
  renew->add_option("name", command->name, "of the certificate's owner")->required();
  renew->add_option("--out", command->out, "folder of credentials; default: the owner's name");
  renew->add_option("--days", command->days, "of validity; default: as long as the former one");
  AddVerb(certs, command, Verb::kRevoke, "revoke", "put a certificate on the revocation list")
      ->add_option("name", command->name, "of the certificate's owner")
      ->required();
}

}  // namespace lockstep::coordinator
