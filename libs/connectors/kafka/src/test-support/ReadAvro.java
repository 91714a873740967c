import java.nio.file.Files;
import java.nio.file.Path;
import java.util.Base64;
import org.apache.avro.Conversions;
import org.apache.avro.Schema;
import org.apache.avro.SchemaCompatibility;
import org.apache.avro.data.TimeConversions;
import org.apache.avro.generic.GenericData;
import org.apache.avro.generic.GenericDatumReader;
import org.apache.avro.io.DecoderFactory;

/**
 * Prints the record in the second file (base64), read with the schema in the first one and with all logical types, and whether records of the schemas in
 * the third and fourth file can be read with one another.
 */
public class ReadAvro {
  public static void main(String[] files) throws Exception {
    var data = new GenericData();
    data.addLogicalTypeConversion(new Conversions.DecimalConversion());
    data.addLogicalTypeConversion(new Conversions.UUIDConversion());
    data.addLogicalTypeConversion(new TimeConversions.DateConversion());
    data.addLogicalTypeConversion(new TimeConversions.TimeMicrosConversion());
    data.addLogicalTypeConversion(new TimeConversions.TimestampMicrosConversion());
    data.addLogicalTypeConversion(new TimeConversions.LocalTimestampMicrosConversion());
    var schema = schemaIn(files[0]);
    var bytes = Base64.getDecoder().decode(Files.readString(Path.of(files[1])));
    var decoder = DecoderFactory.get().binaryDecoder(bytes, null);
    System.out.println(new GenericDatumReader<Object>(schema, schema, data).read(null, decoder));
    var older = schemaIn(files[2]);
    var newer = schemaIn(files[3]);
    System.out.println(SchemaCompatibility.checkReaderWriterCompatibility(newer, older).getType());
    System.out.println(SchemaCompatibility.checkReaderWriterCompatibility(older, newer).getType());
  }

  static Schema schemaIn(String file) throws Exception {
    return new Schema.Parser().parse(Files.readString(Path.of(file)));
  }
}
