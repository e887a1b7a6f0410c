#include "tests/support/mqtt_broker.h"

#include <cstdint>

#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

namespace lockstep::testing {
namespace {

// Types of packets, in the upper half of their first byte.
constexpr int kConnect = 1, kPublish = 3, kPubrel = 6, kSubscribe = 8, kUnsubscribe = 10,
              kPing = 12, kDisconnect = 14;

bool ReadBytes(int connection, size_t bytes, std::string* read) {
  read->resize(bytes);
  return bytes == 0 ||
         recv(connection, read->data(), bytes, MSG_WAITALL) == static_cast<ssize_t>(bytes);
}

bool ReadPacket(int connection, char* head, std::string* body) {
  std::string byte;
  if (!ReadBytes(connection, 1, &byte)) {
    return false;
  }
  *head = byte[0];
  size_t size = 0;
  for (int shift = 0; shift < 28; shift += 7) {
    if (!ReadBytes(connection, 1, &byte)) {
      return false;
    }
    size |= (static_cast<size_t>(byte[0]) & 127) << shift;
    if ((static_cast<uint8_t>(byte[0]) & 128) == 0) {
      break;
    }
  }
  return ReadBytes(connection, size, body);
}

std::string Packet(uint8_t head, const std::string& body) {
  return std::string({static_cast<char>(head), static_cast<char>(body.size())}) + body;
}

}  // namespace

MqttBroker::Counts MqttBroker::counts() {
  const MutexLock lock(mutex_);
  return counts_;
}

MqttBroker::Counts MqttBroker::CountsAtGoodbye() {
  constexpr absl::Duration kLongest = absl::Minutes(2);
  const MutexLock lock(mutex_);
  if (counts_.goodbyes == 0) {
    goodbye_.WaitFor(mutex_, kLongest);
  }
  return counts_;
}

void MqttBroker::Talk(int connection) {
  {
    const MutexLock lock(mutex_);
    ++counts_.connections;
  }
  char head = 0;
  std::string body;
  while (ReadPacket(connection, &head, &body)) {
    const int type = static_cast<uint8_t>(head) >> 4;
    if (type == kDisconnect || (type == kPublish && options_.drops)) {
      const MutexLock lock(mutex_);
      counts_.goodbyes += type == kDisconnect ? 1 : 0;
      goodbye_.NotifyAll();
      return;
    }
    const std::string answer = AnswerTo(head, body);
    if (send(connection, answer.data(), answer.size(), MSG_NOSIGNAL) < 0) {
      return;
    }
    if (!options_.reads) {
      pollfd end = {.fd = connection, .events = POLLRDHUP, .revents = 0};
      poll(&end, 1, -1);
      return;
    }
  }
}

std::string MqttBroker::AnswerTo(char head, const std::string& body) {
  const int type = static_cast<uint8_t>(head) >> 4, qos = (head >> 1) & 3;
  if (type == kConnect && options_.most_bytes > 0) {
    std::string size;  // a property of five bytes
    for (int shift = 24; shift >= 0; shift -= 8) {
      size += static_cast<char>(options_.most_bytes >> shift);
    }
    return Packet(0x20, std::string({'\0', static_cast<char>(options_.connack), 5, 0x27}) + size);
  }
  if (type == kConnect) {
    return Packet(0x20, {'\0', static_cast<char>(options_.connack)});
  }
  if (!options_.answers) {
    return "";
  }
  std::string id = body.substr(0, 2);
  const bool done = type == kPubrel || (type == kPublish && qos < 2);
  {
    const MutexLock lock(mutex_);
    counts_.done += done ? 1 : 0;
    if (type == kPublish && ++counts_.publications <= options_.unanswered) {
      return "";
    }
  }
  switch (type) {
    case kPublish: {
      const size_t topic =
          static_cast<size_t>(static_cast<uint8_t>(body[0])) << 8 | static_cast<uint8_t>(body[1]);
      return qos == 0 ? "" : Packet(qos == 1 ? 0x40 : 0x50, body.substr(2 + topic, 2));
    }
    case kPubrel:
      return Packet(0x70, id);
    case kSubscribe:
      return Packet(0x90, id + static_cast<char>(options_.granted));
    case kUnsubscribe:
      return Packet(0xb0, id);
    case kPing:
      return Packet(0xd0, "");
    default:
      return "";
  }
}

}  // namespace lockstep::testing
