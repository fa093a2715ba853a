import java.util.Arrays;
import org.json.JSONArray;
import org.json.JSONObject;
import uk.ac.starlink.table.ColumnInfo;
import uk.ac.starlink.table.DescribedValue;
import uk.ac.starlink.table.RowSequence;
import uk.ac.starlink.table.StarTable;
import uk.ac.starlink.table.StarTableFactory;

/** Prints each table, as TOPCAT reads it, as a line of JSON. */
public final class ReadTables {
    public static void main(String[] paths) throws Exception {
        for (String path : paths) {
            // TOPCAT, too, must be told of CSV.
            String format = path.endsWith(".csv") ? "csv" : StarTableFactory.AUTO_HANDLER;
            System.out.println(read(new StarTableFactory().makeStarTable(path, format)));
        }
    }

    private static JSONObject read(StarTable table) throws Exception {
        JSONObject units = new JSONObject(), parameters = new JSONObject();
        JSONArray names = new JSONArray(), rows = new JSONArray();
        for (int index = 0; index < table.getColumnCount(); index++) {
            ColumnInfo column = table.getColumnInfo(index);
            names.put(column.getName());
            units.put(column.getName(), column.getUnitString());
        }
        for (Object parameter : table.getParameters()) {
            DescribedValue value = (DescribedValue) parameter;
            parameters.put(value.getInfo().getName(), String.valueOf(value.getValue()));
        }
        RowSequence sequence = table.getRowSequence();
        while (sequence.next()) {
            JSONArray row = new JSONArray();
            Arrays.stream(sequence.getRow())
                .forEach(cell -> row.put(cell == null ? JSONObject.NULL : String.valueOf(cell)));
            rows.put(row);
        }
        sequence.close();
        return new JSONObject()
            .put("names", names).put("units", units).put("parameters", parameters).put("rows", rows);
    }
}
