#include "agent/net/phases.h"

#include "gtest/gtest.h"

namespace lockstep::agent {
namespace {

absl::Duration Ms(double count) {
  return absl::Milliseconds(count);
}

MonoTime At(double milliseconds) {
  return MonoTime() + absl::Seconds(1) + Ms(milliseconds);
}

// Submitted at 0; looked up until 2, connected at 5, TLS until 9; sent from 10 to 11; the first
// byte of the answer at 31, the last at 34. curl began 1 ms after the submission.
CurlTimes Curl() {
  return {.name_lookup = Ms(1),
          .connect = Ms(4),
          .app_connect = Ms(8),
          .pre_transfer = Ms(9),
          .post_transfer = Ms(10),
          .start_transfer = Ms(30),
          .total = Ms(33),
          .bytes_sent = 1 << 20};
}

TransferStamps Ours() {
  return {.started = At(0),
          .prerequest = At(10),
          .first_header = At(31),
          .ended = At(34),
          .looking_up = Ms(2)};
}

void ExpectDuration(const HttpTimings& timings, const TransferStamps& stamps) {
  EXPECT_EQ(stamps.ended - stamps.prerequest, timings.duration());
}

TEST(Phases, FollowEachOther) {
  const HttpTimings timings = PhasesOf(Curl(), Ours());
  EXPECT_EQ(Ms(10), timings.blocked);
  EXPECT_EQ(Ms(2), timings.looking_up);
  EXPECT_EQ(Ms(3), timings.connecting);
  EXPECT_EQ(Ms(4), timings.tls_handshaking);
  EXPECT_EQ(Ms(1), timings.sending);
  EXPECT_EQ(Ms(20), timings.waiting);
  EXPECT_EQ(Ms(3), timings.receiving);
  ExpectDuration(timings, Ours());
}

TEST(Phases, OfAKeptConnectionHaveNoConnecting) {
  CurlTimes curl = Curl();
  curl.connect = curl.app_connect = absl::ZeroDuration();
  const HttpTimings timings = PhasesOf(curl, Ours());
  EXPECT_EQ(absl::ZeroDuration(), timings.connecting);
  EXPECT_EQ(absl::ZeroDuration(), timings.tls_handshaking);
}

// The write of a small request returned when its answer had come, as on a busy loopback: all stamps
// are late, and nobody knows when the request left: it is not sent half of the time.
TEST(Phases, WaitForAnAnswerThatCameBeforeTheWriteReturned) {
  CurlTimes curl = Curl();
  curl.bytes_sent = 2048;
  for (const absl::Duration late : {Ms(29.999), curl.start_transfer}) {
    curl.pre_transfer = curl.post_transfer = late;
    const HttpTimings timings = PhasesOf(curl, Ours());
    EXPECT_EQ(absl::ZeroDuration(), timings.sending);
    EXPECT_EQ(Ms(21), timings.waiting);
    ExpectDuration(timings, Ours());
  }
}

TEST(Phases, SendASmallRequestNoLongerThanItTook) {
  CurlTimes curl = Curl();
  curl.bytes_sent = 100;
  curl.start_transfer = curl.post_transfer + Ms(21) - absl::Microseconds(2);
  EXPECT_EQ(absl::Microseconds(2), PhasesOf(curl, Ours()).sending);
}

// A server that answers before it has read all: it has not been waited for.
TEST(Phases, DoNotWaitForAnEarlyAnswerToALongBody) {
  CurlTimes curl = Curl();
  curl.post_transfer = Ms(31);
  const HttpTimings timings = PhasesOf(curl, Ours());
  EXPECT_EQ(Ms(21), timings.sending);
  EXPECT_EQ(absl::ZeroDuration(), timings.waiting);
  ExpectDuration(timings, Ours());
}

TEST(Phases, WithoutAnAnswerAreWaiting) {
  TransferStamps stamps = Ours();
  stamps.first_header = MonoTime();
  const HttpTimings timings = PhasesOf(Curl(), stamps);
  EXPECT_EQ(Ms(24), timings.waiting);
  EXPECT_EQ(absl::ZeroDuration(), timings.sending + timings.receiving);
  ExpectDuration(timings, stamps);
}

TEST(Phases, WithoutAConnectionAreBlocked) {
  TransferStamps stamps = Ours();
  stamps.prerequest = stamps.first_header = MonoTime();
  const HttpTimings timings = PhasesOf(CurlTimes(), stamps);
  EXPECT_EQ(Ms(34), timings.blocked);
  EXPECT_EQ(absl::ZeroDuration(), timings.duration());
}

// Two rulers: curl's may say more than ours has seen.
TEST(Phases, AreNeverNegative) {
  CurlTimes curl = Curl();
  curl.start_transfer = Ms(60);
  curl.total = Ms(59);
  const HttpTimings timings = PhasesOf(curl, Ours());
  EXPECT_EQ(Ms(21), timings.waiting);
  EXPECT_EQ(absl::ZeroDuration(), timings.sending);
  EXPECT_EQ(absl::ZeroDuration(), timings.receiving);
}

}  // namespace
}  // namespace lockstep::agent
