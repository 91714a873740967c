import java.time.Duration;
import java.util.List;
import java.util.Properties;
import org.apache.kafka.clients.consumer.KafkaConsumer;
import org.apache.kafka.common.TopicPartition;
import org.apache.kafka.common.serialization.StringDeserializer;

/** Prints `offset value` of each record of partition 0 of a topic, as Kafka's own read-committed consumer sees it, up to an offset. */
public class ReadCommitted {
  public static void main(String[] arguments) {
    var settings = new Properties();
    settings.put("bootstrap.servers", arguments[0]);
    settings.put("isolation.level", "read_committed");
    settings.put("enable.auto.commit", "false");
    var partition = new TopicPartition(arguments[1], 0);
    long end = Long.parseLong(arguments[2]);
    try (var consumer = new KafkaConsumer<>(settings, new StringDeserializer(), new StringDeserializer())) {
      consumer.assign(List.of(partition));
      consumer.seekToBeginning(List.of(partition));
      while (consumer.position(partition) < end) {
        for (var record : consumer.poll(Duration.ofMillis(100))) System.out.println(record.offset() + " " + record.value());
      }
    }
  }
}
