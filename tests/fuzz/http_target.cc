#include "agent/net/http1.h"
#include "common/base/check.h"
#include "tests/fuzz/byte_source.h"
#include "tests/fuzz/targets.h"

namespace lockstep::fuzz {
namespace {

constexpr int64_t kMostBytes = 100'000;

struct Answer {
  agent::HttpResponse response;
  size_t used = 0;
  bool over = false;
  int error = 0;
};

Answer Read(absl::string_view bytes, size_t step, bool head_only) {
  Answer read;
  agent::ResponseReader reader(read.response);
  agent::Http1Reader answer(read.response, reader);
  reader.Start(/*keep_body=*/true, kMostBytes);
  answer.Start(head_only);
  while (read.used < bytes.size() && !answer.over()) {
    read.used += answer.Feed(bytes.substr(read.used, step));
  }
  read.over = answer.over();
  read.error = answer.error().code;
  answer.FeedEnd();
  return read;
}

}  // namespace

void FuzzHttp(absl::string_view input) {
  ByteSource bytes(input);
  const bool head_only = bytes.OneIn(8);
  const size_t step = 1 + bytes.Below(16);
  const absl::string_view answer = bytes.Rest();
  const Answer whole = Read(answer, answer.size() + 1, head_only);
  const Answer cut = Read(answer, step, head_only);
  LOCKSTEP_CHECK(whole.over == cut.over && whole.error == cut.error);
  LOCKSTEP_CHECK(whole.response.status == cut.response.status);
  LOCKSTEP_CHECK(whole.response.headers == cut.response.headers);
  if (whole.error == 0 && whole.over && static_cast<int64_t>(answer.size()) < kMostBytes) {
    LOCKSTEP_CHECK(whole.used == cut.used && whole.response.body == cut.response.body);
  }
}

}  // namespace lockstep::fuzz
