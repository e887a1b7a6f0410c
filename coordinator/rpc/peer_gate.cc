#include "coordinator/rpc/peer_gate.h"

#include <initializer_list>
#include <utility>
#include <vector>

#include "absl/status/statusor.h"
#include "absl/strings/match.h"
#include "absl/strings/str_cat.h"

#include "common/base/clock.h"
#include "coordinator/core/refusals.h"

namespace lockstep::coordinator {
namespace {

// What the gate has found out, kept with the connection.
constexpr char kNameProperty[] = "lockstep_name";
constexpr char kFingerprintProperty[] = "lockstep_fingerprint";

struct Right {
  absl::string_view prefix;  // of the call's path
  std::initializer_list<Role> roles;
};

absl::StatusOr<std::initializer_list<Role>> RolesFor(absl::string_view path) {
  static constexpr std::initializer_list<Role> kAgents = {Role::kAgent};
  static constexpr std::initializer_list<Role> kOperators = {Role::kOperator};
  static constexpr std::initializer_list<Role> kAll = {Role::kAgent, Role::kOperator};
  for (const Right& right :
       {Right{"/lockstep.v1.Coordinator/", kAgents}, Right{"/lockstep.v1.Status/", kOperators},
        Right{"/grpc.reflection.", kOperators}, Right{"/grpc.health.v1.Health/", kAll}}) {
    if (absl::StartsWith(path, right.prefix)) {
      return right.roles;
    }
  }
  return absl::PermissionDeniedError("there is no such call");
}

absl::string_view View(const grpc::string_ref& text) {
  return {text.data(), text.size()};
}

absl::string_view Property(const grpc::AuthContext& context, const char* name) {
  const std::vector<grpc::string_ref> values = context.FindPropertyValues(name);
  return values.empty() ? absl::string_view() : View(values[0]);
}

}  // namespace

// A server's view of the chain lacks the peer's own certificate.
std::string ChainOf(const grpc::AuthContext& context) {
  return absl::StrCat(Property(context, "x509_pem_cert"), Property(context, "x509_pem_cert_chain"));
}

void PeerGate::Trust(TrustAnchors anchors) {
  MutexLock held(mutex_);
  anchors_ = std::move(anchors);
}

TrustAnchors PeerGate::anchors() const {
  MutexLock held(mutex_);
  return anchors_;
}

absl::Status PeerGate::Judge(const std::string& chain) const {
  return CheckCertificate(chain, anchors(), {Role::kAgent}, SystemClock().Wall()).status();
}

PeerGate::PeerGate(TrustAnchors anchors, OnRefused on_refused)
    : anchors_(std::move(anchors)), on_refused_(std::move(on_refused)) {}

grpc::Status PeerGate::Process(const InputMetadata& metadata, grpc::AuthContext* context,
                               OutputMetadata*, OutputMetadata*) {
  const auto path = metadata.find(":path");
  const absl::StatusOr<std::initializer_list<Role>> roles =
      RolesFor(path == metadata.end() ? "" : View(path->second));
  absl::Status status = roles.status();
  if (status.ok()) {
    const absl::StatusOr<PeerIdentity> identity =
        CheckCertificate(ChainOf(*context), anchors(), *roles, SystemClock().Wall());
    status = identity.status();
    if (status.ok() && Property(*context, kFingerprintProperty).empty()) {
      context->AddProperty(kNameProperty, identity->name);
      context->AddProperty(kFingerprintProperty, identity->fingerprint);
    }
  }
  if (status.ok()) {
    return grpc::Status::OK;
  }
  on_refused_(absl::IsPermissionDenied(status) ? kRefusedRole : kRefusedCertificate,
              std::string(status.message()));
  return grpc::Status(static_cast<grpc::StatusCode>(status.code()),
                      absl::StrCat("the coordinator refused: ", status.message()));
}

PeerIdentity IdentityOf(const grpc::AuthContext& context) {
  return {.name = std::string(Property(context, kNameProperty)),
          .fingerprint = std::string(Property(context, kFingerprintProperty))};
}

}  // namespace lockstep::coordinator
