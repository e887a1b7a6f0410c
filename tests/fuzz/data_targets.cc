#include <google/protobuf/stubs/logging.h>

#include "lockstep/v1/metrics.pb.h"

#include "common/base/check.h"
#include "common/metrics/aggregate_store.h"
#include "common/metrics/batch.h"
#include "common/options/consolidate.h"
#include "common/options/options_json.h"
#include "common/options/parse.h"
#include "common/options/tiers.h"
#include "common/result/result.h"
#include "common/segment/execution_segment.h"
#include "common/threshold/threshold.h"
#include "common/trust/authority.h"
#include "common/trust/certificate.h"
#include "tests/fuzz/random_message.h"
#include "tests/fuzz/targets.h"

namespace lockstep::fuzz {

void Quieten() {
  google::protobuf::SetLogHandler(nullptr);
}

void FuzzBatch(absl::string_view input) {
  ByteSource bytes(input);
  AggregateStore store;
  if (bytes.OneIn(2)) {
    if (const absl::StatusOr<Batch> batch = DecodeBatch(bytes.Rest()); batch.ok()) {
      store.Merge(*batch).IgnoreError();
    }
    return;
  }
  while (!bytes.empty()) {
    v1::MetricBatch message;
    FillMessage(bytes, message);
    const absl::StatusOr<Batch> batch = DecodeBatch(message.SerializeAsString());
    if (!batch.ok()) {
      continue;
    }
    if (store.Merge(*batch).ok()) {
      // What was accepted can be passed on.
      LOCKSTEP_CHECK(DecodeBatch(EncodeBatch(*batch)).ok());
    }
  }
}

void FuzzTexts(absl::string_view input) {
  ByteSource bytes(input);
  const size_t which = bytes.Below(8);
  const std::string text(bytes.Rest());
  switch (which) {
    case 0: {
      const ParsedOptions parsed = ParseScriptOptions(text);
      if (parsed.ok()) {
        const ParsedOptions consolidated = Consolidate(parsed.options);
        Validate(Settle(consolidated.options), nullptr);
      }
      return;
    }
    case 1:
      if (const absl::StatusOr<Options> options = FromCanonicalJson(text); options.ok()) {
        LOCKSTEP_CHECK(FromCanonicalJson(ToCanonicalJson(*options)).ok());
      }
      return;
    case 2:
      ParseThreshold(text).status().IgnoreError();
      return;
    case 3:
      if (const absl::StatusOr<SegmentSequence> sequence = SegmentSequence::Parse(text);
          sequence.ok()) {
        SegmentTuple::MakeAll(*sequence, Partition::kStriped).status().IgnoreError();
        SegmentTuple::MakeAll(*sequence, Partition::kFair).status().IgnoreError();
      }
      return;
    case 4:
      ParseResult(text).status().IgnoreError();
      return;
    case 5:
      ParseMetricKey(text).status().IgnoreError();
      ParseStageText(text, false).status().IgnoreError();
      return;
    case 6:
      ParseYamlConfig(text, "fuzz");
      return;
    default:
      ParseEnvironmentOptions({{"K6_STAGES", text}, {"K6_HOSTS", text}, {"K6_TAGS", text}});
      return;
  }
}

void FuzzTrust(absl::string_view input) {
  static const absl::Time kNow = absl::FromUnixSeconds(1'800'000'000);
  static const Credential kAuthority = MakeAuthority("fleet", absl::Hours(24 * 365), kNow).value();
  ByteSource bytes(input);
  const size_t which = bytes.Below(3);
  const std::string text(bytes.Rest());
  if (which == 0) {
    // Nobody but the authority can make one that is believed.
    LOCKSTEP_CHECK(!CheckCertificate(text, {kAuthority.certificate, ""},
                                     {Role::kAgent, Role::kOperator, Role::kCoordinator}, kNow)
                        .ok());
    CheckHost(text, "host").IgnoreError();
  } else if (which == 1) {
    LOCKSTEP_CHECK(!CheckKey(kAuthority.certificate, text).ok());
  } else {
    CheckCertificate(kAuthority.certificate, {text, text}, {Role::kAgent}, kNow)
        .status()
        .IgnoreError();
  }
}

}  // namespace lockstep::fuzz
