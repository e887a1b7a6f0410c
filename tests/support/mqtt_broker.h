// What stands for a broker in tests, of MQTT 3.1.1 and, as far as publications of QoS 0 and 1 go,
// of MQTT 5: it lets clients in and confirms what they publish, unless a test wants it otherwise,
// and keeps count. Topics mean nothing to it. On 127.0.0.1, one connection after another.
#pragma once

#include <string>

#include "common/base/sync.h"
#include "tests/support/one_by_one_server.h"

namespace lockstep::testing {

class MqttBroker {
 public:
  struct Options {
    int connack = 0;      // its code; other than 0: the client is refused
    int granted = 0;      // to each subscription; 128: it is refused
    bool answers = true;  // to anything but the connection
    bool drops = false;   // the connection, on the first publication
    int unanswered = 0;   // so many of the first publications, which it takes all the same
    bool reads = true;    // what follows the connection's first packet
    int most_bytes = 0;   // of a packet, as MQTT 5 tells a client; 0: it says nothing
  };
  struct Counts {
    int connections = 0;
    int done = 0;      // publications whose handshake is over, as their QoS has it
    int goodbyes = 0;  // DISCONNECTs
    int publications = 0;
  };

  explicit MqttBroker(const Options& options) : options_(options) {}
  MqttBroker() : MqttBroker(Options()) {}
  MqttBroker(const MqttBroker&) = delete;
  MqttBroker& operator=(const MqttBroker&) = delete;

  int port() const { return server_.port(); }
  Counts counts();
  // Once a client has said goodbye, or many seconds have passed.
  Counts CountsAtGoodbye();

 private:
  void Talk(int connection);
  // The answer to a packet; "" for none.
  std::string AnswerTo(char head, const std::string& body);

  const Options options_;
  Mutex mutex_;
  CondVar goodbye_;
  Counts counts_ ABSL_GUARDED_BY(mutex_);
  OneByOneServer server_{[this](int connection) { Talk(connection); }};
};

}  // namespace lockstep::testing
