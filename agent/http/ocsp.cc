#include "agent/http/ocsp.h"

#include <ctime>
#include <memory>

#include <openssl/asn1.h>
#include <openssl/ocsp.h>

namespace lockstep::agent {
namespace {

template <auto kFree>
struct Free {
  template <typename T>
  void operator()(T* object) const {
    kFree(object);
  }
};

int64_t UnixSeconds(const ASN1_GENERALIZEDTIME* time) {
  std::tm parts{};
  return time != nullptr && ASN1_TIME_to_tm(time, &parts) == 1 ? timegm(&parts) : 0;
}

// RFC 5280, section 5.3.1.
std::string ReasonName(int reason) {
  switch (reason) {
    case OCSP_REVOKED_STATUS_KEYCOMPROMISE:
      return "key_compromise";
    case OCSP_REVOKED_STATUS_CACOMPROMISE:
      return "ca_compromise";
    case OCSP_REVOKED_STATUS_AFFILIATIONCHANGED:
      return "affiliation_changed";
    case OCSP_REVOKED_STATUS_SUPERSEDED:
      return "superseded";
    case OCSP_REVOKED_STATUS_CESSATIONOFOPERATION:
      return "cessation_of_operation";
    case OCSP_REVOKED_STATUS_CERTIFICATEHOLD:
      return "certificate_hold";
    case OCSP_REVOKED_STATUS_REMOVEFROMCRL:
      return "remove_from_crl";
    case OCSP_REVOKED_STATUS_PRIVILEGEWITHDRAWN:
      return "privilege_withdrawn";
    case OCSP_REVOKED_STATUS_AACOMPROMISE:
      return "aa_compromise";
    default:
      return "unspecified";
  }
}

}  // namespace

OcspStaple ReadOcspStaple(absl::string_view der) {
  OcspStaple nothing = {.status = "unknown"};
  const auto* bytes = reinterpret_cast<const unsigned char*>(der.data());
  const std::unique_ptr<OCSP_RESPONSE, Free<OCSP_RESPONSE_free>> response(
      der.empty() ? nullptr : d2i_OCSP_RESPONSE(nullptr, &bytes, static_cast<long>(der.size())));
  if (response == nullptr ||
      OCSP_response_status(response.get()) != OCSP_RESPONSE_STATUS_SUCCESSFUL) {
    return nothing;
  }
  const std::unique_ptr<OCSP_BASICRESP, Free<OCSP_BASICRESP_free>> basic(
      OCSP_response_get1_basic(response.get()));
  OCSP_SINGLERESP* const single = basic == nullptr ? nullptr : OCSP_resp_get0(basic.get(), 0);
  if (single == nullptr) {
    return nothing;
  }
  int reason = OCSP_REVOKED_STATUS_NOSTATUS;
  ASN1_GENERALIZEDTIME* revoked_at = nullptr;
  ASN1_GENERALIZEDTIME* this_update = nullptr;
  ASN1_GENERALIZEDTIME* next_update = nullptr;
  const int status =
      OCSP_single_get0_status(single, &reason, &revoked_at, &this_update, &next_update);
  return {.status = status == V_OCSP_CERTSTATUS_GOOD      ? "good"
                    : status == V_OCSP_CERTSTATUS_REVOKED ? "revoked"
                                                          : "unknown",
          .revocation_reason = ReasonName(reason),
          .produced_at = UnixSeconds(OCSP_resp_get0_produced_at(basic.get())),
          .this_update = UnixSeconds(this_update),
          .next_update = UnixSeconds(next_update),
          .revoked_at = UnixSeconds(revoked_at)};
}

}  // namespace lockstep::agent
